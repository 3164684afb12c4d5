"""From a diagnosis to the remedies that are tried, in the order in which they are worth it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from snellen.causes import Case, Cause, Change, Remedy, Setting
from snellen.diagnosis.diagnosis import Diagnosis
from snellen.diagnosis.trying import Means, carry_out
from snellen.trials.course import Course
from snellen.trials.edits import Refused, UnsureError, diff, edit
from snellen.trials.edits.script import replaced
from snellen.trials.edits.values import same
from snellen.trials.process import Workplace, script_file, script_text
from snellen.trials.proof import Ruling, Suspects
from snellen.trials.treatment import Treatment, Way, at_boundary, in_script
from snellen.trials.trial import Done

MOST_TRIED = 12
"""Remedies that are tried at most; of causes believed less one would hardly help."""
BY_HAND = {
    "data": "it needs other data or a look at them, which is yours to do",
    "architecture": "it changes the structure of the network, which is yours to write",
}
"""Why no trial does a remedy, by the family of its cause."""


@dataclass(frozen=True)
class Source:
    """The text of the script, as far as it can be edited."""

    text: str = ""
    name: str = ""
    """From the directory in which the script is run: `src/train.py`; from its own where it lies
    elsewhere."""
    arguments: tuple[str, ...] = ()
    barred: str = ""
    """Why it can't be edited at all; empty where it can."""


def source(workplace: Workplace) -> Source:
    """The script that is run there."""
    invocation = workplace.invocation
    script = script_file(invocation)
    if script is None:
        return Source(barred="the module is not in the directory that it is run in")
    if invocation.module and workplace.in_place:
        return Source(barred="with --in-place a module is run as it lies there")
    try:
        text = script_text(script)
    except UnsureError as error:
        return Source(barred=str(error))
    here = Path(invocation.directory).resolve()
    if script.is_relative_to(here):
        return Source(text, script.relative_to(here).as_posix(), invocation.arguments)
    return Source(text, script.name, invocation.arguments)


def treatments(
    case: Case,
    diagnosis: Diagnosis,
    suspects: Suspects,
    script: Source,
    *,
    whole: bool = True,
) -> list[Treatment]:
    """The remedies to try, and those that can't be, in their order.

    First all of a confirmed cause, then the first remedy of every cause that is possible, most
    believed first, then their second ones; then those of `suspects`, which are believed less. A
    refuted cause has none. `whole`: trials are whole trainings, so that longer ones can be told
    from the usual ones.
    """
    kept: list[Treatment] = []
    seen: dict[str, str] = {}
    possible = {candidate.cause for candidate in diagnosis.candidates}
    for cause, remedy in _ordered(case, diagnosis, suspects):
        if remedy.change is not None and _idle(remedy.change):
            continue
        one = _treatment(case, cause, remedy, script, whole=whole)
        if not one.ways and cause not in possible:
            # Of what is hardly believed nobody wants to read what can't be tried.
            continue
        fresh = tuple(_apart(way, seen, cause) for way in one.ways if _key(way) not in seen)
        if one.ways and not fresh:
            # The same change under another name.
            continue
        if one.ways and sum(bool(other.ways) for other in kept) == MOST_TRIED:
            break
        seen |= {_key(way): way.arm for way in fresh}
        kept.append(replace(one, ways=fresh))
    return kept


def fix(
    case: Case, course: Course, means: Means, known: Sequence[Done] = ()
) -> tuple[list[Done], str]:
    """Make the trials that say which remedy helps; all results that count, and why it ended, as
    `carry_out` says."""
    return carry_out(course.next, case, means, course.own(known), course.max_steps)


def _ordered(
    case: Case, diagnosis: Diagnosis, suspects: Suspects
) -> Iterator[tuple[type[Cause], Remedy]]:
    candidates = diagnosis.candidates
    refuted = {
        c.cause for c in candidates if c.proof is not None and c.proof.ruling is Ruling.REFUTED
    }
    for candidate in candidates:
        if candidate.confirmed:
            yield from ((candidate.cause, remedy) for remedy in candidate.remedies)
    open_ = [c for c in candidates if not c.confirmed and c.cause not in refuted]
    deepest = max((len(c.remedies) for c in open_), default=0)
    for place in range(deepest):
        for candidate in open_:
            if place < len(candidate.remedies):
                yield candidate.cause, candidate.remedies[place]
    known = {candidate.cause for candidate in candidates}
    for cause, _ in suspects:
        if cause not in known:
            yield from ((cause, remedy) for remedy in cause().remedies(case))


def _treatment(
    case: Case, cause: type[Cause], remedy: Remedy, script: Source, *, whole: bool
) -> Treatment:
    change, title = remedy.change, _alone(remedy.title)
    if change is None:
        why = BY_HAND.get(cause.family(), "no change that snellen can make does this")
        return Treatment(cause.code, cause.name, title, remedy.code, untried=why)
    ways: list[Way] = []
    unedited = ""
    longer = any(one.setting is Setting.EPOCHS for one in change.edits)
    if longer and not whole:
        why = "trainings are cut short to fit the budget; give a longer --budget"
        return Treatment(cause.code, cause.name, title, remedy.code, untried=why)
    if not change.edits:
        unedited = "it is no matter of one value in the script"
    elif script.barred:
        unedited = script.barred
    else:
        found = edit(script.text, change.edits, case.framework, script.arguments)
        if isinstance(found, Refused):
            unedited = found.sentence()
        elif not found:
            unedited = "the script says so already"
        else:
            difference = diff(script.text, replaced(script.text, found), script.name)
            ways.append(in_script(change.edits, found, difference))
    if change.boundary:
        ways.append(at_boundary(change.boundary))
    untried = "" if ways else f"the script could not be edited with certainty: {unedited}"
    return Treatment(cause.code, cause.name, title, remedy.code, tuple(ways), unedited, untried)


def _alone(title: str) -> str:
    """A title that stands behind another one, by itself: without its `Or`."""
    bare = title.removeprefix("Or").lstrip(" ,") if title.startswith(("Or ", "Or, ")) else title
    return bare[:1].upper() + bare[1:]


def _apart(way: Way, seen: Mapping[str, str], cause: type[Cause]) -> Way:
    """Under a name that no other way has: two lists of numbers are called the same."""
    return replace(way, arm=f"{way.arm} ({cause.code})") if way.arm in seen.values() else way


def _idle(change: Change) -> bool:
    """Whether everything is set as the remedy says already."""
    return bool(change.edits) and all(
        one.was is not None and same(one.becomes, one.was) for one in change.edits
    )


def _key(way: Way) -> str:
    """The same for ways that do the same."""
    told = way.to_json()
    return repr((told["changes"], told["edits"]))
