"""The documentation pages of the symptoms, made from their docstrings and thresholds."""

from __future__ import annotations

import dataclasses
import inspect
import json
from pathlib import Path

from snellen.symptoms import catalogue, family, outcome
from snellen.symptoms._symptom import Symptom
from snellen.symptoms.phases import Phase

INDEX = "README.md"
PICTURES = "pictures"
"""Directory beside the pages that holds `<name>.png` and the captions by name."""
CAPTIONS = "captions.json"


def write(directory: Path) -> list[Path]:
    """Write one page per symptom and an index into this directory, made if need be; returns the
    files."""
    directory.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name, text in pages(directory).items():
        path = directory / name
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def pages(directory: Path | None = None) -> dict[str, str]:
    """Every page's text by file name, with those pictures that lie beside the pages in
    `directory`."""
    place = None if directory is None else directory / PICTURES / CAPTIONS
    known = place is not None and place.exists()
    captions: dict[str, str] = json.loads(place.read_text("utf-8")) if place and known else {}
    return {INDEX: index()} | {
        f"{symptom.name}.md": page(symptom, caption=captions.get(symptom.name, ""))
        for symptom in catalogue().values()
    }


def index() -> str:
    lines = [
        "# Symptoms",
        "",
        "What snellen looks for. These pages are made from the source "
        "(`python -m snellen.symptoms.pages docs/symptoms`).",
    ]
    by_family: dict[str, list[type[Symptom]]] = {}
    for symptom in catalogue().values():
        by_family.setdefault(family(symptom), []).append(symptom)
    for name, members in sorted(by_family.items()):
        lines += [
            "",
            f"## {name.capitalize()}",
            "",
            "| code | symptom | what it is |",
            "|---|---|---|",
        ]
        lines += [f"| {s.code} | [{s.name}]({s.name}.md) | {_summary(s)} |" for s in members]
    lines += ["", "## When a training counts as harmed", "", inspect.getdoc(outcome) or ""]
    return "\n".join(lines) + "\n"


def page(symptom: type[Symptom], *, caption: str = "") -> str:
    """One symptom's page, in Markdown; with its picture where there is a caption for one."""
    summary, _, body = (inspect.getdoc(symptom) or "").partition("\n\n")
    picture = f"![{caption}]({PICTURES}/{symptom.name}.png)\n\n*{caption}*"
    parts = [
        f"# {symptom.name} ({symptom.code})",
        summary,
        *([picture] if caption else []),
        body,
        *_thresholds(symptom),
        _gates(symptom),
    ]
    return "\n\n".join(parts) + "\n"


def _summary(symptom: type[Symptom]) -> str:
    return (inspect.getdoc(symptom) or "").partition("\n\n")[0].replace("\n", " ")


def _thresholds(symptom: type[Symptom]) -> list[str]:
    rows = [
        f"| `{f.name}` | {f.default:g} | {_cell(f.metadata['unit'])} | "
        f"{_cell(f.metadata['because'])} |"
        for f in dataclasses.fields(symptom)  # pyright: ignore[reportArgumentType]
    ]
    if not rows:
        return []
    head = "| name | default | unit | because |\n|---|---|---|---|"
    return ["## Thresholds", "\n".join([head, *rows])]


def _cell(text: str) -> str:
    """A bar would end the cell."""
    return text.replace("|", "\\|")


def _gates(symptom: type[Symptom]) -> str:
    lines = [
        "A finding is a warning or an error only where the training's outcome is harmed; "
        "otherwise it is a note. What shows the harm itself (a loss that is NaN) needs no outcome."
    ]
    if symptom.phases != frozenset(Phase):
        lines.append(
            f"Judged in these phases: {', '.join(p for p in Phase if p in symptom.phases)}."
        )
    if symptom.min_images:
        lines.append(
            f"Needs {symptom.min_images} images, or all training images where there are fewer."
        )
    if symptom.learning_only:
        lines.append("Frozen layers are left out.")
    if symptom.needs_activation:
        lines.append("Layers whose activation is unknown are not judged.")
    lines.append(f"Since release {symptom.since}.")
    return "## When it speaks\n\n" + "\n".join(f"- {line}" for line in lines)


if __name__ == "__main__":
    import sys

    write(Path(sys.argv[1]))
