"""The five gates between what a symptom saw and a verdict (CATALOGUE §0.2).

One mechanism for all symptoms: a symptom declares what it needs and gives opinions; whether an
opinion may become an alarm is decided here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from snellen.core import Clear, Finding, Layer, Place, Severity, Strictness, Undecided, Verdict
from snellen.record import Subject
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged
from snellen.symptoms.facts import record
from snellen.symptoms.outcome import Outcome
from snellen.symptoms.phases import Phase, Timeline


@dataclass(frozen=True)
class Circumstances:
    """What the gates know of one subject besides the symptom's opinions."""

    subject: Subject
    outcome: Outcome
    timeline: Timeline
    strictness: Strictness = Strictness.NORMAL

    def layer(self, name: str) -> Layer | None:
        return next((layer for layer in self.subject.layers if layer.name == name), None)

    @property
    def probe_is_everything(self) -> bool:
        """The probe holds every training image: what it shows needs no bound for unseen ones."""
        return whole_training_set(self.subject)


def whole_training_set(subject: Subject) -> bool:
    return record(subject, "probe").get("whole_training_set") is True


def verdicts(
    symptom: Symptom, opinions: Iterable[Opinion], circumstances: Circumstances
) -> list[Verdict]:
    """The verdicts that this symptom's opinions become, at most one per layer, in the opinions'
    order."""
    unknown = {x.name for x in circumstances.subject.layers if structure_unknown(symptom, x)}
    passed: list[Verdict] = []
    for opinion in opinions:
        layer = circumstances.layer(opinion.layer)
        if opinion.layer in unknown or (layer is not None and not may_judge(symptom, layer)):
            continue
        passed.append(_verdict(symptom, opinion, circumstances))
    for layer in circumstances.subject.layers:
        if layer.name in unknown and may_judge(symptom, layer):
            needs = "to know the activation that follows this layer"
            passed.append(_undecided(symptom, layer.name, needs, circumstances))
    return passed


def structure_unknown(symptom: Symptom, layer: Layer) -> bool:
    """Structure gate: the symptom needs the activation, and it is not known. It is never
    guessed."""
    return symptom.needs_activation and layer.activation is None and not layer.head


def may_judge(symptom: Symptom, layer: Layer) -> bool:
    """Mode gate: a frozen layer does not learn on purpose."""
    return layer.trainable or not symptom.learning_only


def missing_images(symptom: Symptom, images: int | None, *, everything: bool) -> int:
    """Sample-size gate: images still needed; 0 when there are enough, or no others exist."""
    if images is None or (everything and images > 0):
        return 0
    return max(0, symptom.min_images - images)


def wrong_phase(symptom: Symptom, at: int | None, timeline: Timeline) -> Phase | None:
    """Phase gate: the phase this check belongs to, if the symptom may not judge in it."""
    if at is None:
        return None
    phase = timeline.phase(at)
    return None if phase in symptom.phases else phase


def allowed_severity(
    proposed: Severity,
    outcome: Outcome,
    *,
    evident: bool,
    strictness: Strictness = Strictness.NORMAL,
) -> Severity:
    """Outcome gate: without harm an oddity is a note, unless it is itself the harm."""
    if evident or outcome.harmed:
        return proposed
    if outcome.harmed is None and strictness.doubts_count:
        return min(proposed, Severity.WARNING, key=lambda severity: severity.rank)
    return Severity.NOTE


def _verdict(symptom: Symptom, opinion: Opinion, circumstances: Circumstances) -> Verdict:
    if isinstance(opinion, Unjudged):
        return _undecided(symptom, opinion.layer, opinion.needs, circumstances)
    missing = missing_images(symptom, opinion.images, everything=circumstances.probe_is_everything)
    if missing:
        images = "image" if missing == 1 else "images"
        return _undecided(symptom, opinion.layer, f"{missing} more {images}", circumstances)
    phase = wrong_phase(symptom, opinion.at, circumstances.timeline)
    if phase is not None:
        allowed = " or ".join(p for p in Phase if p in symptom.phases)
        needs = f"a check in the {allowed} phase; the last one was in the {phase} phase"
        return _undecided(symptom, opinion.layer, needs, circumstances)
    return _decided(symptom, opinion, circumstances)


def _decided(
    symptom: Symptom, opinion: Suspicion | Healthy, circumstances: Circumstances
) -> Verdict:
    subject = circumstances.subject.name
    if isinstance(opinion, Healthy):
        return Clear(symptom.code, symptom.name, Place(subject, opinion.layer))
    return Finding(
        symptom.code,
        symptom.name,
        Place(subject, opinion.layer, opinion.channels),
        allowed_severity(
            opinion.severity,
            circumstances.outcome,
            evident=opinion.evident,
            strictness=circumstances.strictness,
        ),
        opinion.evidence,
        opinion.step,
    )


def _undecided(symptom: Symptom, layer: str, needs: str, circumstances: Circumstances) -> Undecided:
    return Undecided(symptom.code, symptom.name, Place(circumstances.subject.name, layer), needs)
