"""One training as the causes see it: what was recorded of it and what the symptoms said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from snellen.core import Clear, Finding, Layer, Severity, Verdict
from snellen.record import Event, Subject
from snellen.symptoms.answers import gap, training_score
from snellen.symptoms.outcome import Outcome
from snellen.symptoms.progress import loss_left

POOR_LOSS = 0.4
POOR_SKILL = 0.75
POOR_GAP = 0.2
FAIR_LOSS = 0.2
FAIR_SKILL = 0.9
FAIR_GAP = 0.15


@dataclass(frozen=True, eq=False)
class Case:
    """One subject with its verdicts and its outcome. Equal to itself alone, so that what was
    measured of it can be kept by it."""

    subject: Subject
    verdicts: Sequence[Verdict] = field(repr=False)
    """Those on this subject, notes included."""
    outcome: Outcome
    events: Sequence[Event] = field(default=(), repr=False)
    """What happened to the script and to the watching."""

    @property
    def keras(self) -> bool:
        return self.subject.framework.startswith("keras")

    @property
    def framework(self) -> str:
        """`torch` or `keras`, as remedies are written for."""
        return "keras" if self.keras else "torch"

    @cached_property
    def _findings(self) -> dict[str, list[Finding]]:
        by_code: dict[str, list[Finding]] = {}
        for verdict in self.verdicts:
            if isinstance(verdict, Finding):
                by_code.setdefault(verdict.code, []).append(verdict)
        return by_code

    def findings(self, *codes: str, least: Severity = Severity.NOTE) -> list[Finding]:
        """Findings of these symptoms that are at least so severe, worst first."""
        kept = [f for code in codes for f in self._findings.get(code, ())]
        kept = [f for f in kept if f.severity.rank >= least.rank]
        return sorted(kept, key=lambda finding: -finding.severity.rank)

    def found(self, *codes: str, least: Severity = Severity.NOTE) -> bool:
        return bool(self.findings(*codes, least=least))

    def judged(self, code: str) -> bool:
        """Whether the symptom could decide anywhere: it found something, or looked and found
        nothing."""
        return any(v.code == code and isinstance(v, Finding | Clear) for v in self.verdicts)

    @property
    def faulty(self) -> bool:
        """Whether there is anything to explain: a finding beyond a note, or a training that came to
        nothing."""
        severe = any(
            isinstance(v, Finding) and v.severity is not Severity.NOTE for v in self.verdicts
        )
        return severe or self.outcome.harmed is True

    @property
    def poor(self) -> bool:
        """The training came to something, and not to much: 40% of the loss is left, or training
        images are answered less than three quarters of the way from guessing to perfection, or
        held-out images worse than those by a fifth. Hardly a healthy network of the gallery ended
        so; tasks may be hard."""
        return self._short_of(POOR_LOSS, POOR_SKILL, POOR_GAP)

    @property
    def fair(self) -> bool:
        """The training came to more than a poor one, and still to less than healthy networks of the
        gallery do: a fifth of the loss is left, training images are answered less than nine
        tenths of the way from guessing to perfection, or held-out images worse by 15 points."""
        return self._short_of(FAIR_LOSS, FAIR_SKILL, FAIR_GAP) and not self.poor

    def _short_of(self, loss: float, skill: float, widest: float) -> bool:
        if self.outcome.harmed is None:
            return False
        score, between = training_score(self.subject), gap(self.subject, at_least=30)
        # Of a loss that guessing has no value of it is not known how far it could fall.
        comparable = np.isfinite(self.outcome.prior_loss) or score is None
        return (
            (comparable and loss_left(self.subject) > loss)
            or (score is not None and score.skill < skill)
            or (between is not None and between.size > widest)
        )

    @property
    def broke_off(self) -> bool:
        """The script, or the watching, ended before the first step."""
        ended = any(event.kind in ("script-error", "stopped") for event in self.events)
        return ended and self.subject.steps == 0

    @property
    def weighted(self) -> list[Layer]:
        """The layers with weights, in the order of the network."""
        return [layer for layer in self.subject.layers if layer.weighted]

    @property
    def hidden(self) -> list[Layer]:
        """Those of them that are no head."""
        return [layer for layer in self.weighted if not layer.head]

    def layer(self, name: str) -> Layer | None:
        return next((layer for layer in self.subject.layers if layer.name == name), None)
