"""Trials on the machines of a Ray cluster."""

# pyright: reportMissingImports=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# Ray is an extra, and not installed where the rest is checked.
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from snellen.core import SnellenError
from snellen.trials.process import Workplace
from snellen.trials.trial import Done, Trial


class NoRayError(SnellenError):
    """Ray is not installed."""


@dataclass(frozen=True)
class RayEngine:
    """One task for each trial, of one core each, wherever the cluster has room.

    The script and what it reads must lie at the same paths on every machine. A task whose worker
    or machine is lost is run again by Ray, and gives one result.
    """

    slots: int
    retries: int = 2

    def run(self, workplace: Workplace, trials: Sequence[Trial]) -> Iterator[Done]:
        ray = _ray()
        if not ray.is_initialized():
            ray.init(num_cpus=self.slots, include_dashboard=False, log_to_driver=False)
        task = ray.remote(num_cpus=1, max_retries=self.retries)(_run)
        waiting: list[Any] = [task.remote(workplace, trial.to_json()) for trial in trials]
        try:
            while waiting:
                ready, waiting = ray.wait(waiting, num_returns=1)
                yield Done.from_json(ray.get(ready[0]))
        finally:
            for left in waiting:
                ray.cancel(left, force=True)


def _run(workplace: Workplace, told: dict[str, Any]) -> dict[str, Any]:
    """In a worker. Plain values, so that workers need no pickles of ours but the workplace."""
    return workplace.run(Trial.from_json(told)).to_json()


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise NoRayError(
            "--engine ray needs Ray, which is not installed; get it with pip install 'snellen[ray]'"
        ) from error
    return ray
