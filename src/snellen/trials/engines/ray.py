"""Trials on the machines of a Ray cluster."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# Much of Ray has no types.

from __future__ import annotations

import io
import logging
import os
import tarfile
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ray
import ray.exceptions

from snellen.trials.process import Workplace
from snellen.trials.scratch import scratch
from snellen.trials.trial import Done, Ended, Trial


@dataclass(frozen=True)
class RayEngine:
    """As many trials at a time as the cluster's processors allow; made by `ray_engine`."""

    slots: int

    def run(self, workplace: Workplace, trials: Sequence[Trial]) -> Iterator[Done]:
        sent = ray.put(Sent.of(workplace))
        # Ray would run a lost task again by itself, and nobody would know how often.
        task = ray.remote(num_cpus=workplace.threads, max_retries=0)(_perform)
        waiting = {task.remote(sent, trial): (trial, 1) for trial in trials}
        try:
            while waiting:
                (ready, *_), _ = ray.wait(list(waiting), num_returns=1)
                trial, time = waiting.pop(ready)
                done = _result(ready, trial)
                if done.ended is Ended.LOST and time == 1:
                    waiting[task.remote(sent, trial)] = trial, 2
                    continue
                yield done
        finally:
            for running in waiting:
                # Its process sees that its worker is gone, and ends.
                ray.cancel(running, force=True)


@contextmanager
def ray_engine(jobs: int | None = None) -> Generator[RayEngine]:
    """The cluster that `RAY_ADDRESS` names, or one of this machine alone with so many processors
    (`None`: all), which ends with the block. A connection that the caller has made is used, and
    left open.

    Raises `ConnectionError` where the cluster does not answer.
    """
    own = not ray.is_initialized()
    if own:
        # Ray would tell its makers of each cluster otherwise.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        elsewhere = bool(os.environ.get("RAY_ADDRESS"))
        ray.init(
            num_cpus=None if elsewhere else jobs,
            include_dashboard=None if elsewhere else False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    try:
        processors = int(ray.cluster_resources().get("CPU", 1))
        yield RayEngine(max(1, min(processors, jobs or processors)))
    finally:
        if own:
            ray.shutdown()


@dataclass(frozen=True)
class Sent:
    """A workplace as it travels: with the directory that the script runs in."""

    workplace: Workplace
    directory: bytes | None
    """A tar archive of its scratch copy, in which what is not copied is linked to by its absolute
    path; `None` where the trials run in place, on machines that share their files."""
    target: str
    """The script within the archive; or its absolute path where it lies elsewhere, or the name of
    a module."""

    @classmethod
    def of(cls, workplace: Workplace) -> Sent:
        called = workplace.invocation
        if workplace.in_place:
            return cls(workplace, None, called.target)
        here = Path(called.directory).resolve()
        target = called.target
        if not called.module and Path(target).resolve().is_relative_to(here):
            target = str(Path(target).resolve().relative_to(here))
        return cls(workplace, _packed(here), target)

    @contextmanager
    def unpacked(self) -> Generator[Workplace]:
        """The workplace on the machine that it came to."""
        if self.directory is None:
            yield self.workplace
            return
        called = self.workplace.invocation
        with tempfile.TemporaryDirectory(prefix="snellen-trial-") as place:
            here = Path(place).resolve() / (Path(called.directory).name or "root")
            with tarfile.open(fileobj=io.BytesIO(self.directory)) as archive:
                # Made by us, and links out of the directory are meant.
                archive.extractall(here, filter="fully_trusted")
            target = self.target if called.module else str(here / self.target)
            moved = replace(called, directory=str(here), target=target)
            yield replace(self.workplace, invocation=moved, copied=True)


def _packed(directory: Path) -> bytes:
    with scratch(directory) as copy:
        written = io.BytesIO()
        with tarfile.open(fileobj=written, mode="w:gz", compresslevel=1) as archive:
            archive.add(copy.directory, arcname=".")
        return written.getvalue()


def _perform(sent: Sent, trial: Trial) -> dict[str, Any]:
    """One trial on a worker."""
    with sent.unpacked() as workplace:
        return workplace.run(trial).to_json()


def _result(ready: Any, trial: Trial) -> Done:
    try:
        return Done.from_json(ray.get(ready))
    except ray.exceptions.RayTaskError:
        # Raised by `_perform` itself, which nothing that a script does makes it do.
        raise
    except ray.exceptions.RayError as error:
        return Done(trial, Ended.LOST, 0.0, f"its worker was lost ({type(error).__name__})")
