"""Promises every symptom keeps. A new symptom is covered by adding its file, nothing else."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from snellen.stats import Statistic
from snellen.symptoms import Symptom, catalogue, judge
from snellen.symptoms.pages import pages
from symptoms.build import conv, head, run, subject

HEADINGS = [
    "What it finds",
    "Why it matters",
    "Common causes",
    "What looks similar",
    "Example",
    "References",
]
PAGES = Path(__file__).parents[2] / "docs" / "symptoms"
FIRST = ["S01", "S03", "S04", "S06", "S08", "S10", "S11", "S18", "S22", "S24", "S38", "S45", "S46"]

every_symptom = pytest.mark.parametrize(
    "symptom", catalogue().values(), ids=lambda symptom: symptom.name
)


def test_the_first_symptoms_are_there_in_the_order_of_their_codes() -> None:
    assert [code for code in catalogue() if code in FIRST] == FIRST
    assert list(catalogue()) == sorted(catalogue())


def test_codes_and_names_are_unique() -> None:
    ours = [s for s in Symptom.__subclasses__() if s.__module__.startswith("snellen.")]
    assert len({s.code for s in ours}) == len({s.name for s in ours}) == len(ours)


@every_symptom
def test_is_configured_by_its_thresholds_alone(symptom: type[Symptom]) -> None:
    assert dataclasses.is_dataclass(symptom)
    assert symptom() == symptom()
    assert all(issubclass(kind, Statistic) for kind in symptom.reads)


@every_symptom
def test_documentation_has_every_section(symptom: type[Symptom]) -> None:
    text = inspect.getdoc(symptom) or ""
    assert re.findall(r"^## (.*)$", text, flags=re.M) == HEADINGS
    assert text.splitlines()[0].endswith(".")
    assert text.splitlines()[1] == ""


@every_symptom
def test_every_reference_can_be_followed(symptom: type[Symptom]) -> None:
    references = (inspect.getdoc(symptom) or "").split("## References\n")[1].strip()
    items = re.split(r"\n(?=- )", references)
    assert references.startswith("- ")
    assert all("https://" in item for item in items)


@every_symptom
def test_every_threshold_has_a_unit_and_a_reason(symptom: type[Symptom]) -> None:
    for field in dataclasses.fields(symptom):  # type: ignore[arg-type]
        assert field.metadata["unit"], field.name
        assert field.metadata["because"], field.name


@every_symptom
def test_file_is_named_after_the_symptom_and_has_tests(symptom: type[Symptom]) -> None:
    source = Path(inspect.getfile(symptom))
    assert source.stem == symptom.name.replace("-", "_")
    assert (Path(__file__).parent / source.parent.name / f"test_{source.stem}.py").exists()


@every_symptom
def test_says_nothing_wrong_where_nothing_was_seen(symptom: type[Symptom]) -> None:
    """No facts, no statistics, no layers: no finding, and never shown as healthy."""
    missing = {"steps": None, "epochs": None, "steps_per_epoch": None}
    for layers in ((), (conv(), head())):
        watched = subject(*layers, facts=missing)
        assert {type(v).__name__ for v in judge(run(watched), symptoms=[symptom()])} <= {
            "Undecided"
        }


@every_symptom
def test_its_page_is_up_to_date(symptom: type[Symptom]) -> None:
    committed = PAGES / f"{symptom.name}.md"
    assert committed.read_text(encoding="utf-8") == pages(PAGES)[committed.name], (
        "run: python -m snellen.symptoms.pages docs/symptoms"
    )


def test_there_is_a_page_for_each_symptom_and_an_index_and_no_other() -> None:
    assert {p.name for p in PAGES.iterdir() if p.is_file()} == set(pages())
    assert (PAGES / "README.md").read_text(encoding="utf-8") == pages()["README.md"]


def test_every_caption_has_its_picture_and_its_symptom() -> None:
    pictures = PAGES / "pictures"
    captions = json.loads((pictures / "captions.json").read_text(encoding="utf-8"))
    assert {p.stem for p in pictures.glob("*.png")} == set(captions)
    assert set(captions) <= {symptom.name for symptom in catalogue().values()}


def test_loads_no_framework() -> None:
    probe = (
        "import sys; from snellen.symptoms import catalogue; catalogue(); "
        "print([m for m in ('torch', 'keras', 'tensorflow', 'jax') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr
