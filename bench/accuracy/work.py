"""One case from the script to its findings."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.accuracy import cache
from bench.accuracy.causes import Signs, signs_of
from bench.accuracy.plan import Case
from gallery.watching import watch
from snellen.core import Finding, Strictness
from snellen.record import read
from snellen.symptoms import judge


@dataclass(frozen=True)
class Result:
    """What became of one case."""

    case: Case
    findings: dict[str, list[dict[str, Any]]] | None
    """By strictness; `None` when there is nothing to judge."""
    trouble: str = ""
    """Why there is nothing to judge, or how the script ended wrongly."""
    trained: bool = False
    """It was run now; otherwise its run file had been kept."""
    signs: list[Signs] | None = None
    """Of each subject that there is something to explain in; `None` when there is nothing to
    judge."""


def result(case: Case) -> Result:
    """Run and judge, as far as what was kept does not say it already."""
    kept = cache.kept_run(case)
    trained = kept is None
    if kept is None:
        trouble = _run(case)
        if trouble or not cache.run_file(case).exists():
            return Result(case, None, trouble, trained)
    judged = cache.kept_judgement(case)
    if judged is None:
        judged = _judged(cache.run_file(case))
        cache.keep_judgement(case, judged)
    return Result(case, judged["findings"], "", trained, judged["signs"])


def _run(case: Case) -> str:
    """Train under snellen and keep the run file; what went wrong, if anything."""
    cache.PLACE.mkdir(exist_ok=True)
    key = cache.run_key(case)
    with tempfile.TemporaryDirectory(dir=cache.PLACE, prefix="_") as place:
        made_in = Path(place) / "new"
        made_in.mkdir()
        try:
            watched = watch(case.truth, made_in, case.seed)
        except subprocess.TimeoutExpired as error:
            return f"not done after {error.timeout:.0f} s"
        if watched.exit_status != case.truth.exit_status:
            last = watched.stderr.strip().splitlines()[-1:]
            return f"exit status {watched.exit_status}: {' '.join(last)}"
        if not (made_in / "run.snellen").exists():
            script_error = case.truth.kind == "script-error"
            return "" if script_error else "no run file was written"
        told = {"key": key, "seconds": watched.seconds, "said": watched.stdout[-200:]}
        cache.keep_run(case, made_in, told)
    return ""


def _judged(run_file: Path) -> dict[str, Any]:
    """The findings by strictness, and the signs of causes at the normal one."""
    contents = read(run_file)
    verdicts = {strictness: judge(contents, strictness=strictness) for strictness in Strictness}
    findings = {
        strictness.value: [
            {
                "code": verdict.code,
                "symptom": verdict.symptom,
                "severity": verdict.severity.value,
                "layer": verdict.place.layer,
                "sentence": verdict.evidence.sentence(),
            }
            for verdict in found
            if isinstance(verdict, Finding)
        ]
        for strictness, found in verdicts.items()
    }
    return {"findings": findings, "signs": signs_of(contents, verdicts[Strictness.NORMAL])}
