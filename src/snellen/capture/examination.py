"""Puts questions to the trained model, the most telling first, as long as the time allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from snellen.adapters.contract import ModelRefusedError
from snellen.capture.experiments import (
    channel_swap,
    constant_response,
    effective_field,
    explanation,
    gradient_noise,
    layer_shifts,
    linearity,
    mode_gap,
    sharpness,
    shift_response,
)
from snellen.capture.experiments.asked import Asked
from snellen.stats import Statistic

ALLOWED_SECONDS = 4.0
ALLOWED_SHARE = 0.02
"""Of the training time, if that is more."""
FEWEST_IMAGES = 64
"""With fewer, an experiment is rather left out."""


@dataclass(frozen=True)
class Experiment:
    name: str
    ask: Callable[[Asked, int], Iterator[tuple[str, Statistic]]]
    """Statistics by layer, from so many images."""
    images: int
    """Images it would like."""
    forwards: dict[str, float]
    """How often each image is asked in each way."""
    fewest: int = FEWEST_IMAGES


EXPERIMENTS = (
    Experiment("mode-gap", mode_gap.mode_gap, mode_gap.IMAGES, mode_gap.FORWARDS),
    Experiment("linearity", linearity.linearity, linearity.IMAGES, linearity.FORWARDS),
    Experiment(
        "shift-response",
        shift_response.shift_response,
        shift_response.IMAGES,
        shift_response.FORWARDS,
    ),
    Experiment(
        "constant-response",
        constant_response.constant_response,
        constant_response.IMAGES,
        constant_response.FORWARDS,
        constant_response.FEWEST_IMAGES,
    ),
    Experiment(
        "channel-swap", channel_swap.channel_swap, channel_swap.IMAGES, channel_swap.FORWARDS
    ),
    Experiment(
        "gradient-noise",
        gradient_noise.gradient_noise,
        gradient_noise.IMAGES,
        gradient_noise.FORWARDS,
    ),
    Experiment(
        "effective-field",
        effective_field.effective_field,
        effective_field.IMAGES,
        effective_field.FORWARDS,
        effective_field.FEWEST_IMAGES,
    ),
    Experiment(
        "layer-shifts",
        layer_shifts.layer_shifts,
        layer_shifts.IMAGES,
        layer_shifts.FORWARDS,
        layer_shifts.FEWEST_IMAGES,
    ),
    Experiment(
        "explanation",
        explanation.explanation,
        explanation.IMAGES,
        explanation.FORWARDS,
        explanation.FEWEST_IMAGES,
    ),
    Experiment("sharpness", sharpness.sharpness, sharpness.IMAGES, sharpness.FORWARDS),
)
"""In order of value. `layer-shifts` records `shift-response` of layers."""


def allowed_seconds(training_seconds: float) -> float:
    return max(ALLOWED_SECONDS, ALLOWED_SHARE * training_seconds)


def examination(
    asked: Asked, seconds: float, not_measured: dict[str, str]
) -> Iterator[tuple[str, Statistic]]:
    """What the experiments gave, by layer; `not_measured` gets the reason for each that was left
    out: `time`, or what the model raised. An experiment that has nothing to say of this model is
    in neither."""
    asked.deadline = asked.clock() + seconds
    if not asked.images or seconds <= 0:
        not_measured.update({experiment.name: "time" for experiment in EXPERIMENTS})
        return
    try:
        # The first time anything is asked, frameworks prepare for it.
        for _ in range(2):
            asked.answer(asked.chunks[0])
    except ModelRefusedError as error:
        not_measured.update({experiment.name: str(error) for experiment in EXPERIMENTS})
        return
    for experiment in EXPERIMENTS:
        images = affordable(experiment, asked)
        if images is None:
            not_measured[experiment.name] = "time"
            continue
        try:
            yield from experiment.ask(asked, images)
        except ModelRefusedError as error:
            not_measured[experiment.name] = str(error)


def affordable(experiment: Experiment, asked: Asked) -> int | None:
    """Images that an experiment can have in the time that is left; `None` for too few."""
    price = sum(asked.price(way) * times for way, times in experiment.forwards.items())
    left = asked.deadline - asked.clock()
    wanted = min(experiment.images, asked.images)
    images = wanted if price * wanted <= left else int(left / price) if left > 0 else 0
    return images if images >= min(experiment.fewest, asked.images) else None
