"""Many tests, few false discoveries."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snellen.core import Clear, Finding, Strictness
from snellen.record import Subject
from snellen.symptoms import Healthy, Opinion, Suspicion, Symptom, Unjudged, family, judge
from snellen.symptoms._symptom import threshold
from snellen.symptoms.activation.dead_channels import DeadChannels
from snellen.symptoms.discoveries import adjusted, controlled

from .build import WARNING, run, stack, subject


class Said:
    def sentence(self) -> str:
        return "seen"


class Two(Symptom):
    """Says what it was told to."""

    code, name, since, reads = "X01", "two", "0", ()
    scale: float = threshold(1.0, unit="", because="")

    def __init__(self, *opinions: Opinion) -> None:
        self.given = opinions

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        return self.given


def suspect(layer: str, p: float | None, *, evident: bool = True) -> Suspicion:
    return Suspicion(layer, WARNING, Said(), evident=evident, p_value=p)


def reference(p_values: list[float]) -> list[float]:
    """Benjamini and Hochberg by its definition: the least m·p(j)/j over all j from a rank on."""
    order = np.argsort(p_values)
    ranked = [p_values[i] for i in order]
    m = len(ranked)
    result = [0.0] * m
    for place, i in enumerate(order):
        result[i] = min(1.0, *(m * ranked[j] / (j + 1) for j in range(place, m)))
    return result


@settings(deadline=None)  # The first import of SciPy takes a second.
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusted_p_values_are_those_of_the_definition(p_values: list[float]) -> None:
    assert adjusted(p_values) == pytest.approx(reference(p_values))


def test_no_tests_no_p_values() -> None:
    assert len(adjusted([])) == 0


@pytest.mark.parametrize(("p", "stands"), [(0.0249, True), (0.0251, False)])
def test_two_tests_halve_the_share_that_one_may_have(p: float, stands: bool) -> None:
    symptom = Two(suspect("a", p), Healthy("b", p_value=0.9))

    first, second = controlled({symptom: list(symptom.given)}, 0.05)[symptom]

    assert isinstance(first, Suspicion) is stands
    assert isinstance(second, Healthy)


def test_tests_of_one_family_count_together() -> None:
    one, other = Two(suspect("a", 0.03)), Two(Healthy("b", p_value=0.9))

    alone = controlled({one: list(one.given)}, 0.05)[one]
    together = controlled({one: list(one.given), other: list(other.given)}, 0.05)[one]

    assert isinstance(alone[0], Suspicion)
    assert isinstance(together[0], Healthy)


@pytest.mark.parametrize(
    "opinion", [suspect("a", None), suspect("a", float("nan")), Unjudged("a", "more"), Healthy("a")]
)
def test_what_rests_on_no_test_stays(opinion: Opinion) -> None:
    symptom = Two(opinion, *(Healthy(str(i), p_value=1.0) for i in range(50)))

    assert controlled({symptom: list(symptom.given)}, 0.01)[symptom][0] is opinion


def test_a_symptom_belongs_to_the_family_of_its_package() -> None:
    assert family(DeadChannels) == family(DeadChannels()) == "activation"


@pytest.mark.parametrize(
    ("strictness", "kind"),
    [(Strictness.LENIENT, Clear), (Strictness.NORMAL, Finding), (Strictness.STRICT, Finding)],
)
def test_strictness_moves_the_share_of_false_discoveries(
    strictness: Strictness, kind: type[object]
) -> None:
    symptom = Two(suspect("conv0", 0.03))

    (verdict,) = judge(run(subject(*stack(1))), symptoms=[symptom], strictness=strictness)

    assert isinstance(verdict, kind)


@pytest.mark.parametrize(
    ("strictness", "severity"), [("lenient", "note"), ("normal", "note"), ("strict", "warning")]
)
def test_only_the_strict_take_doubt_for_harm(strictness: str, severity: str) -> None:
    symptom = Two(suspect("conv0", None, evident=False))

    (verdict,) = judge(
        run(subject(*stack(1))), symptoms=[symptom], strictness=Strictness(strictness)
    )

    assert isinstance(verdict, Finding)
    assert verdict.severity == severity


def test_false_discoveries_stay_under_their_share() -> None:
    random = np.random.default_rng(0)
    shares: list[float] = []
    for _ in range(200):
        null = random.uniform(size=40)
        real = random.beta(0.05, 30.0, size=10)
        symptom = Two(*(suspect(str(i), p) for i, p in enumerate([*null, *real])))
        kept = controlled({symptom: list(symptom.given)}, 0.05)[symptom]
        found = [i for i, opinion in enumerate(kept) if isinstance(opinion, Suspicion)]
        shares.append(sum(i < 40 for i in found) / max(len(found), 1))

    assert np.mean(shares) <= 0.05
