"""Audits of images and labels, and answers for them, made of plain numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.record import Clock, LossSeries, Subject
from snellen.stats import (
    ChannelSwap,
    Features,
    HeldOutAudit,
    ImageAnswers,
    ImageAudit,
    Statistic,
    Targets,
)
from symptoms.build import conv, given, head, inline, labels, probe, subject

CE = {"name": "cross_entropy", "expects": "logits", "reduction": "mean"}
TEN = labels(*[100] * 10)


def image_audit(**changes: Any) -> ImageAudit:
    """A thousand different images in 32 well-mixed batches."""
    values: dict[str, Any] = {
        "images": 1000,
        "blank": 0,
        "duplicates": 0,
        "near_duplicates": 0,
        "conflicting": 0,
        "batches": 32,
        "repeated_batches": 0,
        "single_class_batches": 0,
        "label_entropy": 2.1,
        "shuffled_entropy": 2.1,
        "label_entropy_spread": 0.02,
        "at_minimum": np.zeros(3),
        "at_maximum": np.zeros(3),
        "roughness": np.array([0.8, 0.4, 0.4]),
    }
    return ImageAudit(**(values | changes))


def held_out_audit(**changes: Any) -> HeldOutAudit:
    """300 images of the same kind as the 1000 training images, none of them among these."""
    values: dict[str, Any] = {
        "images": 300,
        "training_images": 1000,
        "training_complete": True,
        "repeated": 0,
        "near_repeated": 0,
        "near_expected": 0.0,
        "counts": np.full(10, 30),
        "mean": np.array([0.5]),
        "std": np.array([0.25]),
        "training_mean": np.array([0.5]),
        "training_std": np.array([0.25]),
        "separability": 0.52,
        "separability_error": 0.02,
    }
    return HeldOutAudit(**(values | changes))


def swap(*, images: int = 300, right: int = 150, gained: int = 0, lost: int = 0) -> ChannelSwap:
    better = right + gained - lost
    loss, swapped = 1 - right / images, 1 - better / images
    return ChannelSwap(images, right, better, gained, lost, loss, swapped)


def recalls(
    *shares: float, each: int = 32, sure: float = 0.9, wrong_sure: float = 0.5
) -> ImageAnswers:
    """`each` images of as many classes as there are shares, that share of each answered rightly and
    the others with the next class."""
    k = len(shares)
    label = np.repeat(np.arange(k), each)
    chosen = label.copy()
    for c, share in enumerate(shares):
        wrong = np.flatnonzero(label == c)[round(share * each) :]
        chosen[wrong] = (c + 1) % k
    return replied(label, chosen, sure=sure, wrong_sure=wrong_sure)


def replied(
    label: npt.NDArray[Any], chosen: npt.NDArray[Any], *, sure: float = 0.9, wrong_sure: float = 0.5
) -> ImageAnswers:
    """Answers given with the confidence `sure` where they are right, else `wrong_sure`."""
    right = label == chosen
    probability = np.where(right, sure, (1 - wrong_sure) / 2).astype(np.float32)
    other = np.where(right, (1 - sure) / 2, wrong_sure).astype(np.float32)
    return ImageAnswers(label.astype(np.int64), chosen.astype(np.int64), probability, other)


def answering(
    training: ImageAnswers | None = None,
    held_out: ImageAnswers | None = None,
    *more: Mapping[Any, Any],
    targets: Targets | None = TEN,
    step: int = 1000,
    **changes: Any,
) -> Subject:
    """A network of one convolution that answers like this at the end of its training."""
    history: dict[Any, Any] = dict(given(targets)) if targets else {}
    if training is not None:
        history |= probe("", ImageAnswers, "", (step, training))
    if held_out is not None:
        history |= probe("", ImageAnswers, "held-out", (step, held_out))
    for part in more:
        history |= part
    facts = {"loss": CE} | dict(changes.pop("facts", {}))
    return subject(conv(inputs=()), head(inputs=("conv",)), history=history, facts=facts, **changes)


def audited(kind: type[Statistic], value: Statistic) -> dict[Any, Any]:
    return inline("", kind, "", (1, value))


def features(layer: str, value: Features, *, step: int = 1000) -> dict[Any, Any]:
    return probe(layer, Features, "post", (step, value))


def with_losses(watched: Subject, **series: Sequence[float]) -> Subject:
    """The same training with further losses, one value at the end of each epoch."""
    import dataclasses

    added = {
        name: LossSeries(
            np.linspace(0, watched.steps, len(values) + 1)[1:].astype(np.int64),
            np.array(values, np.float64),
        )
        for name, values in series.items()
    }
    return dataclasses.replace(watched, losses={**watched.losses, **added})


INLINE = Clock.INLINE
