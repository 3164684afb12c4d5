"""Findings that were accepted before: only what is new, or worse, is shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from snellen.core import Finding, Severity, SnellenError, Verdict

SCHEMA = "snellen.baseline/1"

Key = tuple[str, str, str]
"""`(code, subject, layer)`."""


class BaselineError(SnellenError):
    """A baseline file that can't be read or written."""


@dataclass(frozen=True)
class Baseline:
    """Accepted findings: for each symptom at each place the severity up to which it is accepted."""

    accepted: dict[Key, Severity]

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> Baseline:
        """Accepts all findings among these verdicts."""
        accepted: dict[Key, Severity] = {}
        for verdict in verdicts:
            if isinstance(verdict, Finding):
                key = _key(verdict)
                known = accepted.get(key, verdict.severity)
                accepted[key] = max(known, verdict.severity, key=lambda s: s.rank)
        return cls(accepted)

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """Raises `BaselineError` for a file that is none."""
        try:
            document: Any = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise BaselineError(
                f"{path}: can't be read ({error.strerror}); expected a file that "
                "`snellen baseline` wrote"
            ) from error
        except ValueError as error:
            raise BaselineError(
                f"{path}: not JSON ({error}); expected a file that `snellen baseline` wrote"
            ) from error
        entries: Any = _entries(document)
        if entries is None:
            raise BaselineError(
                f"{path}: not a baseline; expected an object with the schema {SCHEMA}: write it "
                "anew with `snellen baseline`"
            )
        try:
            return cls(
                {
                    (str(e["code"]), str(e["subject"]), str(e["layer"])): Severity(e["severity"])
                    for e in entries
                }
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BaselineError(
                f"{path}: an entry of it is damaged ({error!r}); write it anew with "
                "`snellen baseline`"
            ) from error

    def write(self, path: Path) -> None:
        """Raises `BaselineError` where the file can't be written."""
        entries = [
            {"code": code, "subject": subject, "layer": layer, "severity": severity.value}
            for (code, subject, layer), severity in sorted(self.accepted.items())
        ]
        text = json.dumps({"schema": SCHEMA, "accepted": entries}, indent=2) + "\n"
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise BaselineError(f"{path}: can't be written ({error.strerror})") from error

    def accepts(self, finding: Finding) -> bool:
        """Whether the finding was accepted before, and is no worse now."""
        accepted = self.accepted.get(_key(finding))
        return accepted is not None and finding.severity.rank <= accepted.rank

    def without(self, verdicts: Sequence[Verdict]) -> tuple[list[Verdict], int]:
        """The verdicts that are not accepted findings, and how many findings were accepted."""
        kept = [v for v in verdicts if not (isinstance(v, Finding) and self.accepts(v))]
        return kept, len(verdicts) - len(kept)


def _key(finding: Finding) -> Key:
    return finding.code, finding.place.subject, finding.place.layer


def _entries(document: Any) -> list[Any] | None:
    if not isinstance(document, dict):
        return None
    known = cast("dict[str, Any]", document)
    entries = known.get("accepted")
    if known.get("schema") != SCHEMA or not isinstance(entries, list):
        return None
    return cast("list[Any]", entries)
