"""A document as JSON, schema `snellen.verdicts/1` (docs/json.md)."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, TextIO, cast

import numpy as np

from snellen.core import Finding, Undecided
from snellen.report.document import Document, LayerHealth
from snellen.report.explanation import CONFIRMED, CauseFacts, Explanation, Reason
from snellen.report.mended import MendedFacts
from snellen.report.writing import write_text
from snellen.trials.proof import Proof

SCHEMA = "snellen.verdicts/1"


def json_of(document: Document) -> dict[str, Any]:
    """The document as plain JSON values."""
    run = document.run
    unknown = {e.subject for e in document.explanations if e.unknown}
    return {
        "schema": SCHEMA,
        "headline": document.headline,
        "run": {
            "file": run.file,
            "script": run.script,
            "framework": run.framework,
            "steps": run.steps,
            "seconds": plain_value(run.seconds),
            "watching_seconds": plain_value(run.watching_seconds),
            "examining_seconds": plain_value(run.examining_seconds),
            "overhead_share": plain_value(run.overhead_share),
            "snellen": run.snellen,
        },
        "diagnosis": [_cause(cause) for cause in _best_first(document.explanations)],
        "undistinguished": [
            plain_value(e.undistinguished) for e in document.explanations if e.undistinguished
        ],
        "verdicts": [_finding(f) for group in document.groups for f in group.findings],
        "undecided": [_undecided(v) for v in document.verdicts if isinstance(v, Undecided)],
        "clear": [
            {"symptom": p.symptom, "code": p.code, "layers": p.layers} for p in document.passed
        ],
        "subjects": [
            {
                "name": subject.name,
                "framework": subject.framework,
                "steps": subject.steps,
                "harmed": subject.harmed,
                "reasons": list(subject.reasons),
                "unknown_cause": subject.name in unknown,
                "layers": [_layer(layer) for layer in subject.layers],
            }
            for subject in document.subjects
        ],
        "fix": None if document.mended is None else _mended(document.mended),
        "accepted": document.accepted,
        "notes": list(document.notes),
    }


def write_json(document: Document, path: Path, standard_output: TextIO) -> None:
    """Write the document to `path`, or to `standard_output` when that is `-`.

    Raises `ReportError` when the file can't be written.
    """
    text = json.dumps(json_of(document), indent=2, allow_nan=False) + "\n"
    write_text(text, path, "JSON", standard_output)


def plain_value(value: Any) -> Any:
    """The value in JSON's own types.

    A number that JSON has not becomes `"NaN"`, `"Infinity"` or `"-Infinity"`: that a measure was
    not finite is evidence, and `null` would say that it was not taken.
    """
    match value:
        case None | bool() | str() if not isinstance(value, Enum):
            return value
        case Enum():
            return plain_value(value.value)
        case np.ndarray() | np.generic():
            return plain_value(value.tolist())
        case int():
            return value
        case float():
            return value if math.isfinite(value) else _name_of(value)
        case Mapping():
            items = cast("Mapping[Any, Any]", value).items()
            return {str(k): plain_value(v) for k, v in items}
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = dataclasses.fields(value)
            return {field.name: plain_value(getattr(value, field.name)) for field in fields}
        case list() | tuple() | set() | frozenset():
            return [plain_value(item) for item in cast("Iterable[Any]", value)]
        case _:
            return str(value)


def _name_of(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"


def _best_first(explained: Iterable[Explanation]) -> list[CauseFacts]:
    causes = [cause for explanation in explained for cause in explanation.candidates]
    # Beliefs near 1 are told apart by their log-odds alone; proved is above believed.
    return sorted(causes, key=lambda cause: (cause.band != CONFIRMED, -cause.log_odds))


def _cause(cause: CauseFacts) -> dict[str, Any]:
    return {
        "cause": cause.name,
        "code": cause.code,
        "family": cause.family,
        "subject": cause.subject,
        "belief": plain_value(cause.belief),
        "band": cause.band,
        "prior": plain_value(cause.prior),
        "evidence": [_reason(reason) for reason in cause.evidence],
        "alike": list(cause.alike),
        "trial": cause.trial,
        "remedies": [plain_value(remedy) for remedy in cause.remedies],
        "proof": None if cause.proof is None else _proof(cause.proof),
    }


def _proof(proof: Proof) -> dict[str, Any]:
    told = [("cures", effect) for effect in proof.cures]
    told += [("leaves", effect) for effect in proof.leaves]
    return {
        "ruling": proof.ruling.value,
        "reason": proof.reason,
        "effects": [{"predicted": word, **plain_value(effect)} for word, effect in told],
        "limits": list(proof.limits),
    }


def _mended(facts: MendedFacts) -> dict[str, Any]:
    return {
        "subject": facts.subject,
        "headline": facts.headline,
        "halted": facts.halted or None,
        "best": None if facts.best is None else facts.remedies.index(facts.best),
        "remedies": [
            {
                "code": remedy.code,
                "cause": remedy.cause,
                "title": remedy.title,
                "lines": remedy.lines,
                "word": remedy.word,
                "sentence": remedy.sentence(),
                "diff": remedy.diff or None,
                "unedited": remedy.unedited or None,
                "effect": None if remedy.effect is None else plain_value(remedy.effect),
            }
            for remedy in facts.remedies
        ],
        "measures": [plain_value(one) for one in facts.measures],
        "layers": [
            {"layer": one.layer, "before": _layer(one.before), "after": _layer(one.after)}
            for one in facts.layers
        ],
        "symptoms": {
            "gone": [plain_value(one) for one in facts.gone],
            "left": [plain_value(one) for one in facts.left],
            "new": [plain_value(one) for one in facts.new],
        },
    }


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "for_or_against": "for" if reason.weight > 0 else "against",
        "weight": plain_value(reason.weight),
        "group": reason.group,
        "sentence": reason.sentence,
        "explained_by": reason.explained_by or None,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "symptom": finding.symptom,
        "code": finding.code,
        "severity": finding.severity.value,
        "subject": finding.place.subject,
        "layer": finding.place.layer,
        "channels": [int(channel) for channel in finding.place.channels],
        "step": finding.step,
        "sentence": finding.evidence.sentence(),
        "evidence": plain_value(finding.evidence),
    }


def _undecided(verdict: Undecided) -> dict[str, Any]:
    return {
        "symptom": verdict.symptom,
        "code": verdict.code,
        "subject": verdict.place.subject,
        "layer": verdict.place.layer,
        "needs": verdict.needs,
    }


def _layer(health: LayerHealth) -> dict[str, Any]:
    return {
        "layer": health.layer,
        "step": health.step,
        "images": health.images,
        "channels": {kind.value: number for kind, number in health.counts.items()},
    }
