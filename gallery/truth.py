"""The ground truth beside each program: what snellen must find there, and what it must not."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GALLERY = Path(__file__).parent
FRAMEWORKS = ("torch", "keras-tensorflow", "keras-jax", "keras-torch")
SEVERITIES = ("note", "warning", "error")


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
    """What one program is known to do on one framework."""

    program: str
    framework: str
    kind: str
    """`faulty`, `healthy` or `script-error`."""
    must: tuple[Expected, ...]
    must_not: tuple[str, ...]
    """Codes that may at most be noted; `*` stands for all."""
    must_not_even_note: tuple[str, ...]
    exit_status: int
    stderr: str
    """Text that the script's own error must hold; empty when it ends well."""

    @property
    def script(self) -> Path:
        name = "torch_train.py" if self.framework == "torch" else "keras_train.py"
        return GALLERY / self.program / name

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


def at_least(severity: str, floor: str) -> bool:
    return SEVERITIES.index(severity) >= SEVERITIES.index(floor)


def programs() -> list[str]:
    return sorted(path.parent.name for path in GALLERY.glob("*/truth.toml"))


def truths() -> list[Truth]:
    """Every program on every framework."""
    return [read(program, framework) for program in programs() for framework in FRAMEWORKS]


def read(program: str, framework: str) -> Truth:
    """The truth of one program; what `[expect.<framework>]` holds comes before `[expect]`."""
    text = tomllib.loads((GALLERY / program / "truth.toml").read_text(encoding="utf-8"))
    expect: dict[str, Any] = {k: v for k, v in text["expect"].items() if k not in FRAMEWORKS}
    expect |= text["expect"].get(framework, {})
    return Truth(
        program=program,
        framework=framework,
        kind=expect.get("kind", text["kind"]),
        must=tuple(
            Expected(m["code"], m["severity"], tuple(m.get("layers", ()))) for m in expect["must"]
        ),
        must_not=tuple(expect["must_not"]),
        must_not_even_note=tuple(expect.get("must_not_even_note", ())),
        exit_status=expect.get("exit_status", 0),
        stderr=expect.get("stderr", ""),
    )
