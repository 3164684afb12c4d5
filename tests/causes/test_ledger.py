"""The arithmetic of belief: terms that add up, groups, limits, and explaining away."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable
from dataclasses import replace

import pytest

from snellen.causes import Cause, Clue, Group, Remedy, Sign, Weights, balance, catalogue
from snellen.causes.ledger import (
    EXPLAINED,
    MOST,
    MOST_DECISIVE,
    MOST_OF_A_GROUP,
    REST,
    explained_away,
    sigmoid,
)
from snellen.causes.weights import LEAST, TRUST, Count, parsed, shipped

NO_WEIGHTS = Weights()


def cause(*clues: Clue, code: str = "T01", prior: float = 0.1, explains: str = "") -> type[Cause]:
    """A cause with these clues, outside the catalogue."""

    class Made(Cause):
        """Made for a test."""

        def remedies(self, case: object) -> Iterable[Remedy]:
            return ()

        @classmethod
        def clues(cls) -> tuple[Clue, ...]:
            return clues

    Made.code, Made.name, Made.prior = code, code.lower(), prior
    Made.explains = frozenset(explains.split())
    return Made


def clue(
    key: str,
    here: float,
    elsewhere: float,
    group: Group = Group.LOSS,
    *,
    decisive: bool = False,
) -> Clue:
    return Clue(key, group, (here, elsewhere), decisive, lambda *_: Sign(None))


def weight_of(sign: Sign, here: float, elsewhere: float, *, decisive: bool = False) -> float:
    made = cause(clue("a", here, elsewhere, decisive=decisive))
    (term,) = balance(made, {"a": sign}, NO_WEIGHTS).terms
    return term.weight


def test_present_clue_weighs_the_logarithm_of_its_likelihood_ratio():
    assert weight_of(Sign(True), 0.6, 0.2) == pytest.approx(math.log(3))


def test_absent_clue_weighs_the_logarithm_of_the_ratio_of_its_absence():
    assert weight_of(Sign(False), 0.6, 0.2) == pytest.approx(math.log(0.4 / 0.8))


def test_unreliable_clue_weighs_less():
    assert weight_of(Sign(True, reliability=0.5), 0.6, 0.2) == pytest.approx(0.5 * math.log(3))


@pytest.mark.parametrize(("decisive", "most"), [(False, MOST), (True, MOST_DECISIVE)])
def test_no_clue_weighs_more_than_is_allowed(decisive, most):
    assert weight_of(Sign(True), 0.999, 0.0001, decisive=decisive) == pytest.approx(most)


def test_what_was_not_measured_says_nothing():
    made = cause(clue("a", 0.9, 0.1), clue("b", 0.9, 0.1))

    ledger = balance(made, {"a": Sign(None)}, NO_WEIGHTS)

    assert ledger.terms == ()
    assert ledger.unmeasured == ("a", "b")
    assert ledger.belief == pytest.approx(made.prior)


def test_belief_is_what_prior_and_terms_add_up_to():
    made = cause(
        clue("a", 0.6, 0.2),
        clue("b", 0.3, 0.5, Group.DATA),
        clue("c", 0.7, 0.1, Group.WEIGHTS),
        prior=0.2,
    )

    ledger = balance(made, {"a": Sign(True), "b": Sign(True), "c": Sign(False)}, NO_WEIGHTS)

    odds = 0.2 / 0.8 * (0.6 / 0.2) * (0.3 / 0.5) * (0.3 / 0.9)
    assert ledger.belief == pytest.approx(odds / (1 + odds))
    assert ledger.belief == pytest.approx(
        sigmoid(ledger.prior + sum(term.weight for term in ledger.terms))
    )


def test_weaker_clues_of_a_group_count_a_quarter():
    made = cause(clue("strong", 0.6, 0.2), clue("weak", 0.4, 0.2))

    ledger = balance(made, {"strong": Sign(True), "weak": Sign(True)}, NO_WEIGHTS)

    assert {t.key: t.weight for t in ledger.terms} == pytest.approx(
        {"strong": math.log(3), "weak": REST * math.log(2)}
    )


def test_group_weighs_no_more_than_its_limit_and_shares_it_out():
    made = cause(*(clue(str(i), 0.98, 0.02) for i in range(12)))

    ledger = balance(made, {str(i): Sign(True) for i in range(12)}, NO_WEIGHTS)

    assert sum(t.weight for t in ledger.terms) == pytest.approx(MOST_OF_A_GROUP)


def test_accepted_cause_takes_four_fifths_from_what_rests_on_its_symptoms():
    accepted = cause(code="T02", explains="S01 S46")
    made = cause(
        clue("rests", 0.6, 0.2),
        clue("rests on more", 0.6, 0.2, Group.DATA),
        clue("rests on nothing", 0.6, 0.2, Group.WEIGHTS),
        clue("against", 0.2, 0.6, Group.DEPTH),
    )
    seen = {
        "rests": Sign(True, rests_on=frozenset(("S01",))),
        "rests on more": Sign(True, rests_on=frozenset(("S01", "S38"))),
        "rests on nothing": Sign(True),
        "against": Sign(True, rests_on=frozenset(("S01",))),
    }
    before = balance(made, seen, NO_WEIGHTS)

    after = explained_away(before, accepted)

    old, new = ({t.key: t for t in ledger.terms} for ledger in (before, after))
    assert new["rests"].weight == pytest.approx(EXPLAINED * old["rests"].weight)
    assert new["rests"].explained_by == "t02"
    for key in ("rests on more", "rests on nothing", "against"):
        assert new[key] == old[key]
    assert explained_away(before, made) is before
    assert explained_away(after, cause(code="T03", explains="S01")) == after


def test_counts_move_a_rate_from_what_was_expected_to_what_was_seen():
    one = clue("a", 0.5, 0.1)
    made = cause(one)
    table = Weights({"T01": {"a": (Count(6, 6), Count(0, 92))}})

    here, elsewhere = table.rates(made, one)

    assert here == pytest.approx((6 + TRUST[0] * 0.5) / (6 + TRUST[0]))
    assert elsewhere == pytest.approx(max(TRUST[1] * 0.1 / (92 + TRUST[1]), LEAST))


def test_shipped_table_speaks_of_clues_that_exist_and_says_where_it_comes_from():
    table = shipped()
    known = {code: {clue.key for clue in c.clues()} for code, c in catalogue().items()}

    assert table.provenance["seeds"]
    assert table.provenance["programs"]
    assert set(table.counts) == set(known)
    for code, clues in table.counts.items():
        assert set(clues) == known[code]


def test_impossible_counts_are_refused():
    text = "[counts.C20]\na = { with = [3, 2], without = [0, 1] }"

    with pytest.raises(ValueError, match="C20 a"):
        parsed(tomllib.loads(text))


def test_every_cause_is_whole():
    for code, kind in catalogue().items():
        keys = [clue.key for clue in kind.clues()]
        assert len(keys) == len(set(keys)) >= 2, code
        assert kind.family() in ("data", "architecture", "optimisation", "wiring")
        assert 0 < kind.prior < 1
        assert kind.trial
        assert kind.summary().endswith(".")
        assert kind.explains, code
        assert set(kind.alike) <= set(catalogue()) - {code}, code
        for one in kind.clues():
            assert all(0 < p < 1 for p in one.expected), (code, one.key)
            assert one.expected[0] != one.expected[1], (code, one.key)


def test_codes_are_those_of_the_catalogue_and_more():
    assert {f"C{n:02}" for n in range(1, 29)} <= set(catalogue())
    assert len({kind.name for kind in catalogue().values()}) == len(catalogue())


def test_term_is_no_more_than_its_parts():
    made = cause(clue("a", 0.6, 0.2))
    (term,) = balance(made, {"a": Sign(True)}, NO_WEIGHTS).terms

    assert replace(term, weight=0.0).alone == pytest.approx(math.log(3))
