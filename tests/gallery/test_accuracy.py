"""The arithmetic and the cache of `make accuracy`."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from bench.accuracy import cache, work
from bench.accuracy.difference import differences
from bench.accuracy.page import Circumstances, Goal, as_json, as_markdown, goals
from bench.accuracy.plan import QUICK, Case, cases, quick
from bench.accuracy.tally import Share, by_symptom, healthy_programs_with, healthy_with, recall
from bench.accuracy.work import Result
from gallery import truth as truth_module
from gallery.truth import Expected, Truth
from gallery.watching import Watched

HERE = Circumstances("2026-01-01", "abc", "a machine", "Python")


def found(code: str, severity: str = "warning", layer: str = "") -> dict[str, Any]:
    return {"code": code, "symptom": code, "severity": severity, "layer": layer, "sentence": "."}


def faulty(*findings: dict[str, Any], must: tuple[Expected, ...] = (), **more: Any) -> Result:
    truth = Truth("bad", "torch", "faulty", must, ("S09",), **more)
    return result(truth, findings)


def healthy(*findings: dict[str, Any], program: str = "good", seed: int = 1) -> Result:
    return result(Truth(program, "torch", "healthy", (), ("*",)), findings, seed)


def result(truth: Truth, findings: tuple[dict[str, Any], ...], seed: int = 1) -> Result:
    by_strictness = {"lenient": [], "normal": list(findings), "strict": list(findings)}
    return Result(Case(truth, seed), by_strictness)


@pytest.mark.parametrize(("hits", "of"), [(0, 1), (1, 1), (0, 113), (3, 20), (19, 20), (500, 1000)])
def test_interval_is_wilsons(hits, of):
    z = 1.959963984540054
    share, wide = hits / of, z * z / of
    centre = (share + wide / 2) / (1 + wide)
    half = z / (1 + wide) * math.sqrt(share * (1 - share) / of + wide / (4 * of))

    assert Share(hits, of).interval == pytest.approx((centre - half, centre + half), abs=1e-12)


def test_share_of_nothing_is_unknown():
    assert Share(0, 0).value is None
    assert Share(0, 0).interval is None


@pytest.mark.parametrize(
    ("findings", "caught"),
    [
        pytest.param([found("S12")], True, id="as stated"),
        pytest.param([found("S12", "error")], True, id="worse than stated"),
        pytest.param([found("S12", "note")], False, id="too mild"),
        pytest.param([found("S13", "error")], False, id="another symptom"),
        pytest.param([], False, id="nothing"),
    ],
)
def test_planted_fault_is_caught_at_its_severity(findings, caught):
    table = by_symptom([faulty(*findings, must=(Expected("S12", "warning"),))])

    assert (len(table["S12"].caught), len(table["S12"].missed)) == (caught, not caught)


def test_planted_fault_is_caught_at_every_stated_layer_only():
    must = (Expected("S12", "warning", ("a", "b")),)
    half = faulty(found("S12", layer="a"), must=must)
    whole = faulty(found("S12", layer="a"), found("S12", layer="b"), must=must)

    assert recall(by_symptom([half, whole])) == Share(1, 2)


def test_symptom_that_no_finding_is_stated_for_must_be_warned_of():
    assert recall(by_symptom([faulty(found("S12"), symptom="S12")])) == Share(1, 1)
    assert recall(by_symptom([faulty(found("S12", "note"), symptom="S12")])) == Share(0, 1)


def test_run_that_could_not_be_judged_has_missed_its_fault():
    broken = Result(faulty(symptom="S12").case, None, "exit status 1")

    assert recall(by_symptom([broken])) == Share(0, 1)


def test_false_alarms_are_counted_by_run_and_by_severity():
    results = [
        healthy(found("S01"), found("S01", "error"), found("S02", "note"), seed=1),
        healthy(found("S01", "note"), program="fine", seed=2),
        healthy(program="quiet"),
        faulty(found("S01", "error")),
    ]

    table = by_symptom(results)

    assert [len(table["S01"].alarms), len(table["S01"].errors), len(table["S01"].notes)] == [
        1,
        1,
        1,
    ]
    assert len(table["S02"].notes) == 1
    shares = [healthy_with(results, s).hits for s in ("error", "warning", "note")]
    assert shares == [1, 1, 2]
    assert healthy_with(results, "note").of == 3
    assert healthy_with(results, "note", "lenient").hits == 0
    assert healthy_programs_with(results, "note") == Share(2, 3)


def test_forbidden_symptom_on_a_faulty_run_is_counted_apart():
    table = by_symptom([faulty(found("S09"), found("S08"))])

    assert len(table["S09"].forbidden) == 1
    assert not table["S09"].alarms
    assert "S08" not in table


@pytest.mark.parametrize(
    ("share", "at_least", "kept"),
    [
        (Share(19, 20), True, True),
        (Share(18, 20), True, False),
        (Share(1, 20), False, True),
        (Share(2, 20), False, False),
    ],
)
def test_goal_is_kept_on_its_bound(share, at_least, kept):
    assert Goal("x", share, 0.95 if at_least else 0.05, at_least).kept is kept


def test_page_names_every_miss_and_every_false_alarm():
    results = [
        faulty(must=(Expected("S12", "warning"),)),
        healthy(found("S33", "error", "conv"), seed=7),
        Result(healthy(program="broken").case, None, "exit status 1: boom"),
    ]

    names = {"S12": "duplicate-channels", "S50": "never-seen"}
    page = as_markdown(results, HERE, names, ["late (torch, seed 1)"])

    assert "- S12: bad (torch, seed 1)" in page
    assert "- error S33 S33, good (torch, seed 7) at conv: ." in page
    assert "- broken (torch, seed 1): exit status 1: boom" in page
    assert "| S50 | never-seen | 0 |" in page
    assert "## Not run\n\n1: late (torch, seed 1)." in page
    assert [goal.kept for goal in goals(results)[:3]] == [False, False, False]


def test_difference_tells_what_changed_and_nothing_else():
    must = (Expected("S12", "warning"),)
    old = as_json([faulty(found("S12"), must=must), healthy(found("S01"))], HERE)
    new = as_json([faulty(must=must), healthy(found("S02", "note"))], HERE)

    assert list(differences(old, old)) == []
    assert set(differences(old, new)) == {
        "no longer caught: S12, bad (torch, seed 1)",
        "false warning gone: S01, good (torch, seed 1)",
        "new note: S02, good (torch, seed 1)",
    }
    assert "now caught: S12, bad (torch, seed 1)" in set(differences(new, old))


def test_results_are_plain_json():
    told = as_json([healthy(found("S01"))], HERE)

    assert json.loads(json.dumps(told)) == told


def test_cases_are_every_program_and_twin_once_a_seed():
    chosen = cases((1, 2))

    assert len({case.name for case in chosen}) == len(chosen)
    assert {case.truth.framework for case in chosen} == {"torch", "keras-tensorflow"}
    only = cases((1,), ["torch"], ["healthy_small"])
    assert [case.name for case in only] == ["healthy_small-torch-1"]


def test_quick_part_has_healthy_and_faulty_programs_that_exist():
    assert [(c.truth.program, c.truth.framework) for c in quick() if not c.truth.mended]
    assert len(quick()) >= len(QUICK)
    assert all(case.truth.script.exists() and not case.truth.slow for case in quick())
    assert {case.truth.kind for case in quick()} >= {"faulty", "healthy"}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A gallery of one program, a source of two rooms, and a training that only counts."""
    script = tmp_path / "gallery" / "p" / "torch_train.py"
    script.parent.mkdir(parents=True)
    script.write_text("train()")
    for room in ("capture", "cli", "symptoms"):
        (tmp_path / "src" / room).mkdir(parents=True)
        (tmp_path / "src" / room / "code.py").write_text("1")
    (tmp_path / "src" / "cli" / "watching.py").write_text("1")
    monkeypatch.setattr(truth_module, "GALLERY", tmp_path / "gallery")
    monkeypatch.setattr(cache, "SOURCE", tmp_path / "src")
    monkeypatch.setattr(cache, "PLACE", tmp_path / "kept")
    done = {"trained": 0, "judged": 0}

    def watch(truth: Truth, folder: Path, seed: int) -> Watched:
        done["trained"] += 1
        (folder / "run.snellen").write_text("maps")
        return Watched(0, "", [], 1.0)

    def judged(run_file: Path) -> dict[str, Any]:
        assert run_file.read_text() == "maps"
        done["judged"] += 1
        return {"findings": {"normal": []}, "signs": []}

    monkeypatch.setattr(work, "watch", watch)
    monkeypatch.setattr(work, "_judged", judged)

    def again(seed: int = 1) -> dict[str, int]:
        """What one more call has done so far."""
        cache.source_hash.cache_clear()
        told = work.result(Case(Truth("p", "torch", "healthy", (), ("*",)), seed))
        assert told.findings == {"normal": []}
        return dict(done)

    yield again, tmp_path
    cache.source_hash.cache_clear()


def test_nothing_is_done_twice(bench):
    again, _ = bench

    assert again() == again() == {"trained": 1, "judged": 1}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param("src/symptoms/code.py", {"trained": 1, "judged": 2}, id="a symptom"),
        pytest.param("src/capture/code.py", {"trained": 2, "judged": 2}, id="the watching"),
        pytest.param("src/cli/watching.py", {"trained": 2, "judged": 2}, id="its start"),
        pytest.param("src/cli/code.py", {"trained": 1, "judged": 1}, id="another command"),
        pytest.param("gallery/p/torch_train.py", {"trained": 2, "judged": 2}, id="the program"),
    ],
)
def test_what_changed_is_done_again_and_no_more(bench, changed, expected):
    again, place = bench
    again()
    (place / changed).write_text("2")

    assert again() == expected
    assert again() == expected


def test_seeds_are_kept_apart(bench):
    again, _ = bench

    assert again(seed=1) != again(seed=2) == again(seed=1)


def test_lost_run_file_is_made_again(bench):
    again, place = bench
    again()
    (place / "kept" / "p-torch-1" / "run.snellen").unlink()

    assert again() == {"trained": 2, "judged": 2}


def test_failed_run_is_told_and_not_kept(bench, monkeypatch):
    _, place = bench
    monkeypatch.setattr(work, "watch", lambda *_: Watched(1, "boom\nValueError: no", None, 1.0))

    told = work.result(Case(Truth("p", "torch", "healthy", (), ("*",)), 1))

    assert (told.findings, told.trouble) == (None, "exit status 1: ValueError: no")
    assert not list((place / "kept").iterdir())
