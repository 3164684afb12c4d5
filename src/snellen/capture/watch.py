"""`snellen.watch`: the same watching for one's own loop and for notebooks."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snellen.capture.session import Session
from snellen.core import Finding, SnellenError, Verdict
from snellen.record import RunContents, read
from snellen.settings import Settings, resolve
from snellen.stats import MapSummary
from snellen.symptoms import judge_with

if TYPE_CHECKING:
    import pandas as pd


class NothingTrainedError(SnellenError):
    """A run was asked for its verdicts, and no optimizer made a step while it was watched."""


class Run:
    """What `snellen.watch` leaves. Readable once its block has ended."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or Settings()
        self.path: Path | None = None
        """The run file; `None` while watching, and when nothing was trained."""
        self.notes: tuple[str, ...] = ()
        """What the user should know about the watching itself."""

    @cached_property
    def contents(self) -> RunContents:
        """All that was seen. Raises `NothingTrainedError` before the block has ended, or without
        steps."""
        if self.path is None:
            raise NothingTrainedError(
                "no optimizer step was seen: the watched block trained nothing, or has not ended "
                "yet; train inside `with snellen.watch(model) as run:` and ask afterwards"
            )
        return read(self.path)

    @cached_property
    def verdicts(self) -> list[Verdict]:
        """Every finding, clear and undecided verdict; findings first, worst first. Without those
        findings that the baseline accepts."""
        verdicts, _ = judge_with(self.contents, self._settings)
        return verdicts

    @property
    def findings(self) -> list[Finding]:
        return [verdict for verdict in self.verdicts if isinstance(verdict, Finding)]

    def maps(self, layer: str, subject: str | None = None) -> dict[int, MapSummary]:
        """The layer's maps on the probe by step: after its activation, or before where it has none.

        Raises `KeyError` naming the layers there are.
        """
        for candidate in self.contents.subjects:
            if subject in (None, candidate.name):
                candidate.layer(layer)
                entries = candidate.history(layer, MapSummary, "post") or candidate.history(
                    layer, MapSummary, "pre"
                )
                return {entry.step: entry.value for entry in entries}
        raise KeyError(
            f"no model {subject!r}; there are: {[s.name for s in self.contents.subjects]}"
        )

    def to_pandas(self) -> pd.DataFrame:
        """One row per subject, layer, part, clock, step and channel, with the map table's
        summaries.

        Raises `ModuleNotFoundError` where pandas is not installed (`pip install
        'snellen[pandas]'`).
        """
        import pandas as pd

        frames = [
            pd.DataFrame(
                {
                    "subject": subject.name,
                    "layer": layer,
                    "part": part,
                    "clock": clock,
                    "step": entry.step,
                    "channel": range(entry.value.channels),
                    "images": entry.value.images,
                    "mean": entry.value.mean,
                    "variance": entry.value.variance,
                    "minimum": entry.value.minimum,
                    "maximum": entry.value.maximum,
                    "active_images": entry.value.active_images,
                    "beyond_rails": entry.value.beyond_rails,
                    "nonfinite": entry.value.nonfinite,
                }
            )
            for subject in self.contents.subjects
            for (layer, name, clock), entries in subject.statistics.items()
            for part in [name.removeprefix(f"{MapSummary.name}/")]
            if name.startswith(f"{MapSummary.name}/")
            for entry in entries
        ]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()

    def __repr__(self) -> str:
        if self.path is None:
            return "<snellen run: nothing trained yet>"
        worst = [
            f"{f.severity} {f.symptom} in {f.place.layer or f.place.subject}" for f in self.findings
        ]
        return f"<snellen run {self.path.name}: {'; '.join(worst[:3]) or 'no fault found'}>"


@contextmanager
def watch(
    model: Any,
    *,
    run_file: str | Path | None = None,
    probe_images: int | None = None,
    overhead_budget: float | None = None,
    include: tuple[str, ...] | None = None,
    exclude: tuple[str, ...] | None = None,
    select: tuple[str, ...] | None = None,
    ignore: tuple[str, ...] | None = None,
    thresholds: Mapping[str, float] | None = None,
    strictness: str | None = None,
    baseline: str | Path | None = None,
) -> Generator[Run]:
    """Watch a model while the block trains it; ask the `Run` afterwards.

    `model` is a `torch.nn.Module` or a Keras model; other models that train inside the block are
    watched too. `overhead_budget` is a share of the training time (0.02 is 2%). `select` and
    `ignore` name symptoms by code, name or family, `thresholds` goes by
    `"dead-channels.max-share"`, `strictness` is `lenient`, `normal` or `strict`. Whatever ends the
    block, nothing of ours stays on the model or in the framework. Raises `SettingsError` for
    settings out of range.
    """
    given = {
        "run_file": Path(run_file) if run_file is not None else None,
        "probe_images": probe_images,
        "overhead_budget": overhead_budget,
        "include": include,
        "exclude": exclude,
        "select": select,
        "ignore": ignore,
        "thresholds": thresholds,
        "strictness": strictness,
        "baseline": Path(baseline) if baseline is not None else None,
    }
    settings = _settings(given)
    session = Session(settings, script=sys.argv[0] or "watch", argv=sys.argv[1:])
    run = Run(settings)
    session.adopt(model)
    error: BaseException | None = None
    try:
        yield run
    except BaseException as caught:
        error = caught
        raise
    finally:
        run.path = session.finish(error)
        run.notes = session.notes


def _settings(given: dict[str, Any]) -> Settings:
    return resolve(given, os.environ, Path.cwd())
