"""The five gates, each on both sides, and that every symptom stands behind them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from snellen.core import Clear, Finding, Place, Severity, Undecided, Verdict
from snellen.record import Subject
from snellen.symptoms import Healthy, Opinion, Outcome, Suspicion, Symptom, Unjudged, catalogue
from snellen.symptoms.gates import Circumstances, missing_images, verdicts
from snellen.symptoms.phases import Phase, Timeline
from symptoms.build import HARMED, UNHARMED, UNKNOWN, conv, head, subject


@dataclass(frozen=True)
class Seen:
    def sentence(self) -> str:
        return "seen"


def stand_in(opinion: Opinion, **attributes: Any) -> Symptom:
    """A symptom of this opinion, outside the catalogue."""

    class StandIn(Symptom):
        code = "T00"
        name = "stand-in"
        since = "0.1"

        def opinions(self, subject: Subject) -> Iterable[Opinion]:
            return [opinion]

    for name, value in attributes.items():
        setattr(StandIn, name, value)
    return StandIn()


def through(
    opinion: Opinion,
    *,
    outcome: Outcome = HARMED,
    layer: Any = None,
    facts: dict[str, Any] | None = None,
    **attributes: Any,
) -> Verdict | None:
    watched = subject(layer or conv(), facts=facts)
    symptom = stand_in(opinion, **attributes)
    circumstances = Circumstances(watched, outcome, Timeline(100, 200))
    found = verdicts(symptom, symptom.opinions(watched), circumstances)
    assert len(found) <= 1
    return found[0] if found else None


def suspicion(severity: Severity = Severity.ERROR, **changes: Any) -> Suspicion:
    return Suspicion("conv", severity, Seen(), **changes)


PLACE = Place("Net", "conv")


@pytest.mark.parametrize(
    ("outcome", "proposed", "evident", "given"),
    [
        pytest.param(HARMED, Severity.ERROR, False, Severity.ERROR, id="harmed: as proposed"),
        pytest.param(HARMED, Severity.NOTE, False, Severity.NOTE, id="a note stays a note"),
        pytest.param(UNHARMED, Severity.ERROR, False, Severity.NOTE, id="unharmed: a note at most"),
        pytest.param(UNKNOWN, Severity.ERROR, False, Severity.NOTE, id="unknown: a note at most"),
        pytest.param(UNHARMED, Severity.ERROR, True, Severity.ERROR, id="evident passes"),
        pytest.param(UNKNOWN, Severity.WARNING, True, Severity.WARNING, id="evident, unknown"),
    ],
)
def test_outcome_gate(outcome: Outcome, proposed: Severity, evident: bool, given: Severity) -> None:
    verdict = through(suspicion(proposed, evident=evident), outcome=outcome)
    assert isinstance(verdict, Finding)
    assert verdict.severity is given


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (0, Undecided),
        (99, Undecided),
        (199, Undecided),
        (200, Finding),
        (None, Finding),
    ],
)
@pytest.mark.parametrize("kind", [Suspicion, Healthy])
def test_phase_gate(at: int | None, expected: type[Verdict], kind: type[Opinion]) -> None:
    opinion = suspicion(at=at) if kind is Suspicion else Healthy("conv", at=at)
    verdict = through(opinion, phases=frozenset({Phase.LATE}))
    assert isinstance(verdict, Clear if (expected, kind) == (Finding, Healthy) else expected)


def test_phase_gate_says_what_it_waits_for() -> None:
    verdict = through(suspicion(at=150), phases=frozenset({Phase.INIT, Phase.LATE}))
    needs = "a check in the init or late phase; the last one was in the early phase"
    assert verdict == Undecided("T00", "stand-in", PLACE, needs)


@pytest.mark.parametrize("opinion", [suspicion(), Healthy("conv"), Unjudged("conv", "light")])
def test_mode_gate_leaves_frozen_layers_out(opinion: Opinion) -> None:
    frozen, free = conv(trainable=False), conv()
    assert through(opinion, layer=frozen, learning_only=True) is None
    assert through(opinion, layer=free, learning_only=True) is not None
    assert through(opinion, layer=frozen, learning_only=False) is not None


@pytest.mark.parametrize("opinion", [suspicion(images=299), Healthy("conv", images=299)])
def test_sample_size_gate(opinion: Suspicion | Healthy) -> None:
    verdict = through(opinion, min_images=300)
    assert verdict == Undecided("T00", "stand-in", PLACE, "1 more image")
    enough = dataclasses.replace(opinion, images=300)
    assert not isinstance(through(enough, min_images=300), Undecided)
    uncounted = dataclasses.replace(opinion, images=None)
    assert not isinstance(through(uncounted, min_images=300), Undecided)


@pytest.mark.parametrize(
    ("probe", "expected"),
    [
        ({"whole_training_set": True}, Finding),
        ({"whole_training_set": False}, Undecided),
        ({}, Undecided),
        ("all", Undecided),
        (None, Undecided),
    ],
)
def test_a_probe_of_all_training_images_is_the_population(
    probe: Any, expected: type[Verdict]
) -> None:
    verdict = through(suspicion(images=100), facts={"probe": probe}, min_images=300)
    assert isinstance(verdict, expected)


def test_no_image_is_never_enough() -> None:
    symptom = stand_in(suspicion(), min_images=300)
    assert missing_images(symptom, 0, everything=True) == 300


def test_structure_gate_never_guesses_an_activation() -> None:
    unknown = conv(activation=None)
    verdict = through(suspicion(), layer=unknown, needs_activation=True)
    needs = "to know the activation that follows this layer"
    assert verdict == Undecided("T00", "stand-in", PLACE, needs)
    assert isinstance(through(suspicion(), layer=unknown, needs_activation=False), Finding)
    assert isinstance(through(suspicion(), layer=conv(), needs_activation=True), Finding)


def test_structure_gate_speaks_up_for_layers_that_the_symptom_skipped() -> None:
    watched = subject(conv("a"), conv("b", index=1, activation=None), head(activation=None))
    symptom = stand_in(Healthy("a"), needs_activation=True)
    found = verdicts(
        symptom, symptom.opinions(watched), Circumstances(watched, HARMED, Timeline(1, 2))
    )
    assert [(v.place.layer, type(v)) for v in found] == [("a", Clear), ("b", Undecided)]


def test_a_finding_keeps_what_the_symptom_saw() -> None:
    assert through(suspicion(channels=(1, 2), step=7)) == Finding(
        "T00", "stand-in", Place("Net", "conv", (1, 2)), Severity.ERROR, Seen(), 7
    )


Change = Callable[[Symptom, Opinion], Opinion]

every_symptom = pytest.mark.parametrize(
    "symptom", [kind() for kind in catalogue().values()], ids=lambda symptom: symptom.name
)


@every_symptom
def test_every_symptom_stands_behind_every_gate(symptom: Symptom) -> None:
    """Whatever it suspects, the gates decide: here it suspects the worst, in all circumstances."""

    def verdict(opinion: Opinion, outcome: Outcome = HARMED, **layer: Any) -> Verdict | None:
        watched = subject(conv(**layer))
        found = verdicts(symptom, [opinion], Circumstances(watched, outcome, Timeline(100, 200)))
        return found[0] if found else None

    allowed = next(p for p in reversed(Phase) if p in symptom.phases)
    at = {Phase.INIT: 0, Phase.WARM_UP: 50, Phase.EARLY: 150, Phase.LATE: 500}
    worst = suspicion(images=symptom.min_images or None, at=at[allowed])

    passed = verdict(worst)
    assert isinstance(passed, Finding)
    assert (passed.code, passed.severity) == (symptom.code, Severity.ERROR)
    unharmed = verdict(worst, UNHARMED)
    assert isinstance(unharmed, Finding)
    assert unharmed.severity is Severity.NOTE
    for phase in Phase:
        elsewhere = verdict(dataclasses.replace(worst, at=at[phase]))
        assert isinstance(elsewhere, Finding if phase in symptom.phases else Undecided), phase
    few = verdict(dataclasses.replace(worst, images=max(0, symptom.min_images - 1)))
    assert isinstance(few, Undecided if symptom.min_images else Finding)
    assert (verdict(worst, trainable=False) is None) == symptom.learning_only
    unknown = verdict(worst, activation=None)
    assert isinstance(unknown, Undecided if symptom.needs_activation else Finding)
