"""What is read from a `truth.toml`, and what a run's findings are held against."""

from __future__ import annotations

from pathlib import Path

import pytest

from gallery import truth as truth_module
from gallery.truth import GALLERY, Truth, named_wrongly, programs, read, truths, truths_of
from gallery.watching import Watched

SCRIPT = 'parser.add_argument("--seed")\n'
TWIN = SCRIPT + 'parser.add_argument("--mended")\n'
STATED = """
about = "x"
kind = "faulty"
symptom = "S12"
[expect]
must = [{ code = "S12", severity = "warning" }]
must_not = ["S01"]
"""


def verdict(code: str, severity: str, layer: str = "") -> dict[str, str]:
    return {"code": code, "severity": severity, "layer": layer, "sentence": ""}


def dying(program: str = "vanishing_mended") -> Truth:
    return read(program, "keras-jax")


def test_truth_is_stated_for_every_program_on_every_framework():
    scripts = {path.parent.name for path in GALLERY.glob("*/*_train.py")}

    assert set(programs()) == scripts
    assert all(truth.script.exists() for truth in truths())
    assert {truth.program for truth in truths()} == scripts


@pytest.mark.parametrize("program", programs())
def test_every_script_takes_a_seed(program):
    assert all('"--seed"' in t.script.read_text(encoding="utf-8") for t in truths_of(program))


def test_truth_is_met_by_the_findings_it_names():
    found = [verdict("S01", "error", "conv2d_3"), verdict("S22", "warning", "conv2d_2")]

    assert dying().missed(found) == []
    assert dying().false_alarms(found) == []


@pytest.mark.parametrize(
    "found",
    [
        pytest.param([], id="nothing found"),
        pytest.param([verdict("S01", "note", "conv2d_3")], id="too mild"),
        pytest.param([verdict("S01", "error", "conv2d")], id="another layer"),
    ],
)
def test_truth_misses_what_was_not_found_as_stated(found):
    assert "S01 warning at conv2d_3" in dying().missed(found)


@pytest.mark.parametrize(
    ("program", "found"),
    [
        ("vanishing_mended", verdict("S10", "warning", "conv2d")),
        ("vanishing_mended", verdict("S45", "note")),
        ("healthy_small", verdict("S18", "warning", "conv2d")),
        ("vanishing_as_written", verdict("S01", "error", "conv2d")),
    ],
)
def test_truth_forbids(program, found):
    assert dying(program).false_alarms([found]) == [found]


def test_truth_lets_a_note_pass_on_a_healthy_program():
    assert dying("healthy_small").false_alarms([verdict("S01", "note", "conv2d")]) == []


def watched(verdicts: list[dict] | None, exit_status: int = 0, stderr: str = "") -> Watched:
    return Watched(exit_status, stderr, verdicts, seconds=1.0)


def test_run_without_verdicts_differs():
    healthy = dying("healthy_small")

    assert watched([]).difference(healthy) == []
    assert watched(None).difference(healthy) == ["no verdicts written"]
    assert watched([], exit_status=1).difference(healthy) == ["exit status 1, not 0"]


def test_script_that_fails_keeps_its_error():
    failing = dying("vanishing_as_written")

    assert watched(None, 1, f"Traceback\n{failing.stderr} rank").difference(failing) == []
    assert len(watched(None, 0, "snellen: stopped").difference(failing)) == 2


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts one program `p` into a gallery of its own."""
    monkeypatch.setattr(truth_module, "GALLERY", tmp_path)

    def put(toml: str = STATED, **scripts: str) -> None:
        (tmp_path / "p").mkdir()
        (tmp_path / "p" / "truth.toml").write_text(toml)
        for framework, text in scripts.items():
            (tmp_path / "p" / f"{framework}_train.py").write_text(text)

    return put


def test_mended_twin_is_a_run_of_its_own_and_may_alarm_nowhere(shelf):
    shelf(torch=TWIN)

    faulty, twin = truths_of("p")

    assert (faulty.kind, faulty.symptom, faulty.name) == ("faulty", "S12", "p")
    assert (twin.kind, twin.symptom, twin.name) == ("healthy", "", "p --mended")
    assert faulty.arguments(3) == ["--seed", "3"]
    assert twin.arguments(3) == ["--seed", "3", "--mended"]
    assert twin.missed([]) == []
    assert twin.false_alarms([verdict("S33", "warning")]) == [verdict("S33", "warning")]


def test_twin_may_be_stated_otherwise_for_one_framework(shelf):
    shelf(
        STATED + '[mended]\nmust_not = ["S01"]\n[mended.torch]\nmust_not = []\n',
        torch=TWIN,
        keras=TWIN,
    )

    by_framework = {t.framework: t.must_not for t in truths_of("p") if t.mended}

    assert by_framework["torch"] == ()
    assert by_framework["keras-jax"] == ("S01",)


def test_program_of_one_framework_has_no_runs_on_others(shelf):
    shelf('frameworks = ["keras-tensorflow", "torch"]\n' + STATED, keras=SCRIPT)

    assert [(t.framework, t.mended) for t in truths_of("p")] == [("keras-tensorflow", False)]


def test_lacking_packages_and_files_are_named(shelf):
    shelf('needs = ["numpy", "no_such_package", "/no/such/file"]\n' + STATED, torch=TWIN)

    assert [t.lacking() for t in truths_of("p")] == [["no_such_package", "/no/such/file"]] * 2


@pytest.mark.parametrize(
    ("demanded", "named", "wrong"),
    [
        ({}, ["C20"], []),
        ({"must_name": ("C01",)}, ["C02", "C01"], []),
        ({"must_name": ("C01",)}, ["C02"], ["not named: C01"]),
        ({"must_name_first": "C20"}, ["C20", "C01"], []),
        ({"must_name_first": "C20"}, ["C01", "C20"], ["first is C01, not C20"]),
        ({"must_name_first": "C20"}, [], ["first is none, not C20"]),
        ({"must_not_name": ("C09",)}, ["C20", "C09"], ["named wrongly: C09"]),
        ({"must_not_name": ("*",)}, ["C20"], ["named wrongly: C20"]),
        ({"kind": "healthy"}, ["C20"], ["named wrongly: C20"]),
    ],
)
def test_causes_are_held_against_the_truth(demanded, named, wrong):
    truth = Truth("p", "torch", demanded.pop("kind", "faulty"), (), (), **demanded)

    assert named_wrongly(truth, named) == wrong
