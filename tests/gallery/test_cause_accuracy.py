"""The arithmetic of causes: ranks, counts of clues, and what counts as blamed."""

from __future__ import annotations

import tomllib

import pytest

from bench.accuracy.calibrate import counts, table
from bench.accuracy.cause_page import as_json, as_markdown, draw
from bench.accuracy.cause_tally import (
    NOTHING,
    Ranked,
    confusion,
    healthy_blamed,
    places,
    with_causes,
)
from bench.accuracy.cause_tally import ranked as all_ranked
from bench.accuracy.causes import named, rank, ranking
from bench.accuracy.plan import Case
from bench.accuracy.tally import Share
from bench.accuracy.work import Result
from gallery.truth import Expected, Truth
from snellen.causes import Weights, catalogue
from snellen.causes.weights import parsed


def case(program: str, *causes: str, held_out: bool = True, seed: int = 1) -> Case:
    kind = "faulty" if causes else "healthy"
    truth = Truth(program, "torch", kind, (), (), causes=causes, held_out=held_out)
    return Case(truth, seed)


def run(given: Case, *order: tuple[str, float]) -> Ranked:
    return Ranked(Result(given, {"normal": []}), order)


@pytest.mark.parametrize(
    ("true", "expected"),
    [
        pytest.param(["C20"], 1, id="first"),
        pytest.param(["C10"], 2, id="second"),
        pytest.param(["C10", "C20"], 1, id="the best placed of several"),
        pytest.param(["C05"], None, id="believed too little to be shown"),
        pytest.param(["C99"], None, id="not there"),
    ],
)
def test_rank_is_the_place_of_the_best_true_cause(true, expected):
    assert rank([("C20", 0.9), ("C10", 0.3), ("C05", 0.1)], true) == expected


def test_places_are_shares_of_all_runs():
    runs = [
        run(case("a", "C20"), ("C20", 0.9)),
        run(case("b", "C10"), ("C20", 0.9), ("C10", 0.8)),
        run(case("c", "C05"), ("C20", 0.9), ("C10", 0.8), ("C09", 0.7), ("C05", 0.6)),
        run(case("d", "C05")),
    ]

    found = places(runs)

    assert (found.first, found.among_three) == (Share(1, 4), Share(2, 4))
    assert found.mean_reciprocal_rank == pytest.approx((1 + 1 / 2 + 1 / 4) / 4)


def test_halves_are_kept_apart_and_harmless_oddities_left_out():
    oddity = case("odd", "C15")
    harmless = Truth(
        "odd", "torch", "faulty", (Expected("S14", "note"),), (), causes=("C15",), held_out=True
    )
    runs = [
        run(case("a", "C20"), ("C20", 0.9)),
        run(case("b", "C20", held_out=False), ("C20", 0.9)),
        run(oddity),
        run(Case(harmless, 1)),
        run(case("healthy")),
    ]

    assert [r.result.case.truth.program for r in with_causes(runs, held_out=True)] == ["a", "odd"]
    assert [r.result.case.truth.program for r in with_causes(runs, held_out=False)] == ["b"]


@pytest.mark.parametrize(("belief", "blamed"), [(0.49, 0), (0.5, 1)])
def test_healthy_run_is_blamed_from_the_reporting_line_on(belief, blamed):
    assert healthy_blamed([run(case("good"), ("C20", belief))]) == Share(blamed, 1)
    assert len(named([("C20", belief)])) == blamed


def test_confusion_has_each_run_once():
    runs = [
        run(case("a", "C20"), ("C20", 0.9)),
        run(case("b", "C10", "C09"), ("C09", 0.9)),
        run(case("c", "C05")),
    ]

    assert confusion(runs) == {("C20", "C20"): 1, ("C09", "C09"): 1, ("C05", NOTHING): 1}


def a_sign(present: bool | None, code: str = "C20"):
    """Every clue of one cause present, absent or unmeasured."""
    keys = [clue.key for clue in catalogue()[code].clues()]
    return {"least": 0.0, "clues": {code: {key: (present, 1.0, []) for key in keys}}}


def test_runs_of_one_program_count_as_parts_of_it():
    key = catalogue()["C20"].clues()[0].key
    told = [
        (case("a", "C20", seed=1), [a_sign(True)]),
        (case("a", "C20", seed=2), [a_sign(False)]),
        (case("b", "C20"), [a_sign(None)]),
        (case("c", "C05"), [a_sign(True)]),
        (case("d", "C05"), [a_sign(False)]),
        (case("e", "C05"), []),
    ]

    assert counts(told, "C20", key) == ([0.5, 1.0], [1.0, 2.0])


def test_table_is_read_back_as_it_was_counted():
    told = [(case("a", "C20"), [a_sign(True)]), (case("c", "C05"), [a_sign(False)])]

    weights = parsed(tomllib.loads(table(told, [11])))

    assert weights.provenance["seeds"] == [11]
    here, elsewhere = weights.counts["C20"][catalogue()["C20"].clues()[0].key]
    assert (here.present, here.of, elsewhere.present, elsewhere.of) == (1, 1, 0, 1)


def test_ranking_orders_every_cause_by_belief_and_nothing_where_nothing_is_wrong():
    order = ranking([a_sign(None)], Weights())

    assert {code for code, _ in order} == set(catalogue())
    beliefs = [belief for _, belief in order]
    assert beliefs == sorted(beliefs, reverse=True)
    assert dict(order)["C20"] == pytest.approx(catalogue()["C20"].prior)
    assert ranking([], Weights()) == []


@pytest.mark.parametrize("present", [True, False])
def test_what_is_no_fault_is_explained_by_likely_causes_alone(present):
    told = {**a_sign(present, "C37"), "least": 0.7}

    assert [code for code, _ in ranking([told], Weights())][:1] == (["C37"] if present else [])


def test_page_names_what_was_not_first(tmp_path):
    results = [Result(case("a", "C20"), {"normal": []}, signs=[])]
    runs = [*all_ranked(results, Weights()), run(case("b", "C10"), ("C20", 0.9), ("C10", 0.3))]

    page = as_markdown(runs)

    assert "a (torch, seed 1): C20; answered nothing to explain" in page
    assert "b (torch, seed 1): C10; answered C20 0.90, C10 0.30" in page
    assert as_json(runs)["held_out"]["first"] == [0, 2]
    draw(runs, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
