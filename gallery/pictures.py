"""A real picture of each symptom's fault, beside the same program mended.

`python -m gallery.pictures [CODE...]` runs the PyTorch program of each symptom (Keras where there
is no other) and its mended twin under snellen, and draws what the run files hold into
`docs/symptoms/pictures`. With `--runs DIRECTORY` the run files that `make accuracy` kept there
(`.accuracy`) are drawn instead, without training. Needs the `gallery` extra.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from gallery.truth import FRAMEWORKS, GALLERY, MENDED, Truth, programs, truths_of
from gallery.views import VIEWS, Pair, Seen
from gallery.watching import watch
from snellen.record import read
from snellen.report.document import document_of
from snellen.report.json import json_of
from snellen.symptoms import judge, outcomes

PICTURES = GALLERY.parent / "docs" / "symptoms" / "pictures"
CAPTIONS = "captions.json"
SEED = 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m gallery.pictures", description=__doc__)
    parser.add_argument("codes", nargs="*", metavar="CODE", help="default: all")
    parser.add_argument("--runs", type=Path, metavar="DIRECTORY", help="kept by make accuracy")
    given = parser.parse_args()
    pairs = twins()
    codes = given.codes or sorted(pairs)
    if unknown := set(codes) - set(pairs):
        parser.error(f"no gallery program has these as its symptom: {', '.join(sorted(unknown))}")
    for code in codes:
        try:
            done = draw(code, *pairs[code], given.runs)
        except FileNotFoundError as error:
            done = str(error)
        print(code, done, flush=True)
    return 0


def twins() -> dict[str, tuple[Truth, Truth]]:
    """By symptom, the first program of it that has a mended twin: both, on the first framework."""
    found: dict[str, tuple[Truth, Truth]] = {}
    for program in programs():
        truths = sorted(truths_of(program), key=lambda t: FRAMEWORKS.index(t.framework))
        faulty = next((t for t in truths if t.symptom and not t.mended), None)
        if faulty is None or faulty.symptom in found or faulty.lacking():
            continue
        mended = [t for t in truths if t.mended and t.framework == faulty.framework]
        if mended:
            found[faulty.symptom] = faulty, mended[0]
    return found


def draw(code: str, faulty: Truth, mended: Truth, runs: Path | None) -> str:
    """Make the picture of one symptom and note its caption; returns what was done."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        if runs is None:
            left, right = (
                _seen(t, Path(folder) / t.name.replace(" ", "")) for t in (faulty, mended)
            )
        else:
            left, right = (_kept(t, runs) for t in (faulty, mended))
        findings = [v for v in left.verdicts if v["code"] == code]
        if not findings:
            return f"not found in {faulty.program}: no picture"
        pair = Pair(left, right, findings[0])
        caption = VIEWS[code](pair, PICTURES / f"{findings[0]['symptom']}.png")
    path = PICTURES / CAPTIONS
    captions = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    captions[findings[0]["symptom"]] = (
        f"{caption} Left: gallery program `{faulty.program}` ({faulty.framework}); right: the same "
        "program mended."
    )
    path.write_text(json.dumps(captions, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return str(findings[0]["symptom"])


def _seen(truth: Truth, folder: Path) -> Seen:
    folder.mkdir(parents=True)
    watched = watch(truth, folder, SEED)
    return Seen(folder / "run.snellen", watched.verdicts or [])


def _kept(truth: Truth, runs: Path) -> Seen:
    """The run of the first seed that `make accuracy` kept, judged anew."""
    twin = MENDED if truth.mended else ""
    found = sorted(runs.glob(f"{truth.program}{twin}-{truth.framework}-*/**/run.snellen"))
    if not found:
        raise FileNotFoundError(f"{runs} holds no run of {truth.name} on {truth.framework}")
    contents = read(found[0])
    verdicts = judge(contents)
    document = document_of(contents, verdicts, outcomes(contents), file=found[0].name)
    return Seen(found[0], json_of(document)["verdicts"])


if __name__ == "__main__":
    sys.exit(main())
