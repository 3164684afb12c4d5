"""Models that are trained against each other: their losses tell no outcome."""

from __future__ import annotations

import numpy as np

from snellen.record import Clock, RunContents, Subject
from snellen.stats import TargetKind, Targets


def adversarial(contents: RunContents) -> frozenset[str]:
    """Names of the subjects that look like the two sides of a contest (a GAN's generator and
    critic).

    One model answers yes or no (or gives one score), and another either puts out images without
    labels of its own, or has labels that are all the same: it is taught to fool the first. At
    balance the first one's loss is that of guessing, and nothing is wrong.
    """
    judges = {s.name for s in contents.subjects if _scores(s)}
    pupils = {s.name for s in contents.subjects if _fools(s)}
    if any(judge != pupil for judge in judges for pupil in pupils):
        return frozenset(judges | pupils)
    return frozenset()


def _targets(subject: Subject) -> Targets | None:
    last = subject.last("", Targets, "", Clock.INLINE)
    return last.value if last else None


def _scores(subject: Subject) -> bool:
    outputs = _outputs(subject)
    return outputs is not None and outputs[0] == 1


def _fools(subject: Subject) -> bool:
    targets, outputs = _targets(subject), _outputs(subject)
    if targets is not None and targets.kind in (TargetKind.CLASSES, TargetKind.MULTI_LABEL):
        shares = targets.priors
        return len(shares) > 0 and bool(np.all((shares == 0) | (shares == 1)))
    return (
        outputs is not None
        and outputs[1] > 1
        and (targets is None or targets.kind == TargetKind.NONE)
    )


def _outputs(subject: Subject) -> tuple[int, int] | None:
    """Channels and positions of the head's output; `None` when no head is known."""
    heads = [layer for layer in subject.layers if layer.head]
    return (heads[-1].channels, int(np.prod(heads[-1].positions))) if heads else None
