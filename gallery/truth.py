"""The ground truth beside each program: what snellen must find there, and what it must not."""

from __future__ import annotations

import importlib.util
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GALLERY = Path(__file__).parent
FRAMEWORKS = ("torch", "keras-tensorflow", "keras-jax", "keras-torch")
SEVERITIES = ("note", "warning", "error")
MENDED = "--mended"
"""The option by which a script runs as its healthy twin."""


@dataclass(frozen=True)
class Expected:
    """A finding that a run must have."""

    code: str
    severity: str
    """At least this."""
    layers: tuple[str, ...] = ()
    """Each of these must have it; `()`: any one layer, or the model as a whole."""


@dataclass(frozen=True)
class Truth:
    """What one program, or its mended twin, is known to do on one framework."""

    program: str
    framework: str
    kind: str
    """`faulty`, `healthy` or `script-error`; a mended twin is healthy."""
    must: tuple[Expected, ...]
    must_not: tuple[str, ...]
    """Codes that may at most be noted; `*` stands for all."""
    must_not_even_note: tuple[str, ...] = ()
    exit_status: int = 0
    stderr: str = ""
    """Text that the script's own error must hold; empty when it ends well."""
    symptom: str = ""
    """The code of the planted fault; empty where there is none or several."""
    causes: tuple[str, ...] = ()
    """Codes of the causes that are planted, any of which is a right answer; empty where there is
    none."""
    must_name: tuple[str, ...] = ()
    """Codes of causes that the diagnosis must name."""
    must_name_first: str = ""
    """Code of the cause that must stand first; empty: any may."""
    must_not_name: tuple[str, ...] = ()
    """Codes of causes that it may not name; `*` stands for all."""
    held_out: bool = False
    """Neither thresholds nor weights of evidence were set on it: it judges them."""
    mended: bool = False
    needs: tuple[str, ...] = ()
    """Packages it imports beyond the frameworks and snellen's own, and paths of data it reads."""
    slow: bool = False
    """Takes minutes: for `make accuracy` alone."""

    @property
    def name(self) -> str:
        """`program`, or `program --mended`."""
        return f"{self.program} {MENDED}" if self.mended else self.program

    @property
    def script(self) -> Path:
        return script_of(self.program, self.framework)

    def arguments(self, seed: int) -> list[str]:
        """What the script is run with."""
        return ["--seed", str(seed), *([MENDED] if self.mended else [])]

    def lacking(self) -> list[str]:
        """Those of its `needs` that this machine has not."""
        return [need for need in self.needs if not _present(need)]

    def missed(self, verdicts: list[dict[str, Any]]) -> list[str]:
        """The expected findings that are not among these verdicts, each in words."""
        missing: list[str] = []
        for expected in self.must:
            found = [v for v in verdicts if v["code"] == expected.code]
            strong = {v["layer"] for v in found if at_least(v["severity"], expected.severity)}
            absent = set(expected.layers) - strong
            if absent:
                places = ", ".join(sorted(absent))
                missing.append(f"{expected.code} {expected.severity} at {places}")
            elif not strong:
                missing.append(f"{expected.code} {expected.severity}")
        return missing

    def false_alarms(self, verdicts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The verdicts that the truth forbids."""
        return [
            v
            for v in verdicts
            if v["code"] in self.must_not_even_note
            or (
                at_least(v["severity"], "warning")
                and (v["code"] in self.must_not or "*" in self.must_not)
            )
        ]


def named_wrongly(truth: Truth, causes: list[str]) -> list[str]:
    """Where these causes, best first, are not those that the truth demands, each in words."""
    wrong = [f"not named: {code}" for code in truth.must_name if code not in causes]
    first = causes[0] if causes else "none"
    if truth.must_name_first and first != truth.must_name_first:
        wrong.append(f"first is {first}, not {truth.must_name_first}")
    everything = "*" in truth.must_not_name or truth.kind == "healthy"
    banned = [code for code in causes if everything or code in truth.must_not_name]
    return wrong + [f"named wrongly: {code}" for code in banned]


def at_least(severity: str, floor: str) -> bool:
    return SEVERITIES.index(severity) >= SEVERITIES.index(floor)


def programs() -> list[str]:
    return sorted(path.parent.name for path in GALLERY.glob("*/truth.toml"))


def truths() -> list[Truth]:
    """Every program on every framework it exists for; after each that has one its mended twin."""
    return [truth for program in programs() for truth in truths_of(program)]


def truths_of(program: str) -> list[Truth]:
    """One program on every framework it exists for, each followed by its mended twin."""
    text = _text(program)
    found: list[Truth] = []
    for framework in text.get("frameworks", FRAMEWORKS):
        script = script_of(program, framework)
        if script.exists():
            found.append(read(program, framework))
            if f'"{MENDED}"' in script.read_text(encoding="utf-8"):
                found.append(read(program, framework, mended=True))
    return found


def script_of(program: str, framework: str) -> Path:
    name = "torch_train.py" if framework == "torch" else "keras_train.py"
    return GALLERY / program / name


def read(program: str, framework: str, *, mended: bool = False) -> Truth:
    """The truth of one program, or of its mended twin.

    `[expect]` tells of the program and `[mended]` of its twin, which may alarm nowhere unless it
    says otherwise. What `[expect.<framework>]` holds comes before `[expect]`, and likewise for the
    twin.
    """
    text = _text(program)
    stated: dict[str, Any] = text.get("mended", {}) if mended else text["expect"]
    expect: dict[str, Any] = {"must": [], "must_not": ["*"]} if mended else {}
    expect |= {k: v for k, v in stated.items() if k not in FRAMEWORKS}
    expect |= stated.get(framework, {})
    return Truth(
        program=program,
        framework=framework,
        kind=expect.get("kind", "healthy" if mended else text["kind"]),
        must=tuple(
            Expected(m["code"], m["severity"], tuple(m.get("layers", ()))) for m in expect["must"]
        ),
        must_not=tuple(expect["must_not"]),
        must_not_even_note=tuple(expect.get("must_not_even_note", ())),
        exit_status=expect.get("exit_status", 0),
        stderr=expect.get("stderr", ""),
        symptom="" if mended else text.get("symptom", ""),
        causes=() if mended else tuple(expect.get("causes", text.get("causes", ()))),
        must_name=tuple(expect.get("must_name", ())),
        must_name_first=expect.get("must_name_first", ""),
        must_not_name=tuple(expect.get("must_not_name", ())),
        held_out=text.get("held_out", False),
        mended=mended,
        needs=tuple(expect.get("needs", text.get("needs", ()))),
        slow=text.get("slow", False),
    )


def _text(program: str) -> dict[str, Any]:
    return tomllib.loads((GALLERY / program / "truth.toml").read_text(encoding="utf-8"))


def _present(need: str) -> bool:
    if need.startswith("/"):
        return Path(need).exists()
    return importlib.util.find_spec(need) is not None
