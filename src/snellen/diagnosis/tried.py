"""What came of the trials that a run file holds."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from snellen.causes import Case
from snellen.record import fix, trials
from snellen.trials.course import Course
from snellen.trials.treatment import Treatment
from snellen.trials.trial import Done


def tried(path: Path) -> list[Done]:
    """In the order they ended, without those that a later release has made. Raises
    `RunFileError`."""
    known: list[Done] = []
    for row in trials(path):
        with contextlib.suppress(KeyError, TypeError):
            known.append(Done.from_json(row))
    return known


def planned(path: Path, case: Case) -> Course | None:
    """The remedies that `snellen fix` tried last; `None` where it did not, or where a later release
    did. Raises `RunFileError`."""
    told = fix(path)
    if told is None or told["subject"] != case.subject.name:
        return None
    try:
        treatments = [Treatment.from_json(one) for one in told["treatments"]]
    except (KeyError, TypeError):
        return None
    return Course(case, treatments, told["max_steps"])


def plan_of(course: Course) -> dict[str, Any]:
    """As `planned` reads it again."""
    return {
        "subject": course.case.subject.name,
        "max_steps": course.max_steps,
        "treatments": [one.to_json() for one in course.treatments],
    }
