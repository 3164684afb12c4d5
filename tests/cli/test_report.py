"""The report page on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.command import python, snellen
from record.samples import write_run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_run(tmp_path / "run.snellen")
    return tmp_path


def browser(folder: Path) -> dict[str, str]:
    """A browser that notes what it is to open."""
    script = folder / "browser.sh"
    script.write_text(f'#!/bin/sh\necho "$1" > "{folder / "opened"}"\n')
    script.chmod(0o755)
    return {"BROWSER": f"{script} %s"}


def test_the_page_is_written_and_the_card_is_shown(folder: Path) -> None:
    done = snellen("report", "run.snellen", "--html", "page.html", directory=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "snellen" in done.stdout
    assert (folder / "page.html").read_text("utf-8").startswith("<!doctype html>")


def test_the_page_is_opened_and_lies_beside_the_run(folder: Path) -> None:
    done = snellen("report", "run.snellen", "--open", "-q", directory=folder, env=browser(folder))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    page = folder / "run.html"
    assert page.exists()
    assert (folder / "opened").read_text().strip() == page.as_uri()


def test_a_named_page_is_the_one_that_is_opened(folder: Path) -> None:
    snellen(
        "report", "run.snellen", "--open", "--html", "other.html", "-q",
        directory=folder, env=browser(folder),
    )  # fmt: skip
    assert (folder / "opened").read_text().strip() == (folder / "other.html").as_uri()
    assert not (folder / "run.html").exists()


def test_a_place_that_can_not_be_written_is_said(folder: Path) -> None:
    done = snellen("report", "run.snellen", "--html", "no/page.html", "-q", directory=folder)
    assert done.returncode == 2
    assert done.stderr.startswith("snellen: the page could not be written to no/page.html: No such")


def test_who_asks_for_no_page_loads_nothing_of_it(folder: Path) -> None:
    code = (
        "import sys; from snellen.cli.app import main\n"
        "sys.argv = ['snellen', 'report', 'run.snellen', '-q'{}]\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({{'altair', 'jinja2', 'vl_convert', 'markdown_it'}} & set(sys.modules)))"
    )
    without = python("-c", code.format(""), directory=folder)
    assert without.stdout.splitlines()[-1] == "[]"
    # The same with a page, so that an empty list means something.
    made = python("-c", code.format(", '--html', 'page.html'"), directory=folder)
    assert "altair" in made.stdout.splitlines()[-1]


def test_a_page_for_a_script_has_its_place_looked_at_before_the_training(folder: Path) -> None:
    (folder / "train.py").write_text("print('ran')")
    done = snellen("run", "--html", "no/page.html", "train.py", directory=folder)
    assert done.returncode == 2
    assert "--html: there is no directory" in done.stderr
    assert "ran" not in done.stdout
