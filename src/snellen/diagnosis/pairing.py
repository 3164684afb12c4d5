"""Two remedies together, for a training with two faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from snellen.diagnosis.fixing import Source
from snellen.trials.course import Course, Judged, Word
from snellen.trials.edits import UnsureError, diff
from snellen.trials.edits.script import replaced
from snellen.trials.proof import WELL
from snellen.trials.treatment import Treatment, Way
from snellen.trials.trial import Done


def paired(course: Course, done: Sequence[Done], script: Source) -> Course | None:
    """The same course, and after the others the best remedy together with the best one of another
    cause. `None` where the best one alone does, where no second one helps, or where the pair is
    there already."""
    judged = course.judged(done)
    best = next((one for one in judged if one.word is Word.BEST), None)
    if best is None or best.effect is None or best.effect.progress >= WELL:
        return None
    others = [
        one
        for one in judged
        if one.word is Word.HELPS and not _shares_a_cause(one.treatment, best.treatment)
    ]
    for other in sorted(others, key=lambda one: -_gain(one)):
        both = _together(best, other, script)
        if both is not None:
            return replace(course, treatments=[*course.treatments, both])
    return None


def _together(first: Judged, second: Judged, script: Source) -> Treatment | None:
    way = _joined(first, second, script)
    if way is None:
        return None
    a, b = first.treatment, second.treatment
    return Treatment(
        f"{a.code}+{b.code}",
        f"{a.cause} and {b.cause}",
        f"{a.title}, and {b.title[:1].lower()}{b.title[1:]}",
        f"{a.lines}\n\n{b.lines}",
        (way,),
        "" if way.in_script else "; ".join(filter(None, (a.unedited, b.unedited))),
    )


def _joined(first: Judged, second: Judged, script: Source) -> Way | None:
    """Both in the script, where both were tried there; else both at the boundary, so that what is
    printed is never half of what was measured."""
    a, b = first.way, second.way
    if a is None or b is None:
        return None
    if a.in_script and b.in_script:
        edits = tuple(sorted({*a.edits, *b.edits}, key=lambda one: one.start))
        try:
            text = replaced(script.text, edits)
        except UnsureError:
            return None
        arm = f"{a.arm} and {b.arm.removeprefix('script: ')}"
        return Way(arm, _said(a, b), (), edits, diff(script.text, text, script.name))
    ends = [one.treatment.ways[-1] for one in (first, second)]
    if any(way.in_script for way in ends):
        return None
    changes = tuple(change for way in ends for change in way.changes)
    if len({change.name for change in changes}) < len(changes):
        return None
    return Way("+".join(way.arm for way in ends), _said(*ends), changes)


def _said(first: Way, second: Way) -> str:
    return f"{first.said} and {second.said}"


def _shares_a_cause(one: Treatment, other: Treatment) -> bool:
    return bool({*one.code.split("+")} & {*other.code.split("+")})


def _gain(one: Judged) -> float:
    return one.effect.gain if one.effect is not None else 0.0
