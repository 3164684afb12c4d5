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
from snellen.capture.experiments.asked import Asked, OutOfTimeError
from snellen.stats import Statistic

ALLOWED_SECONDS = 4.0
ALLOWED_SHARE = 0.02
"""Of the training time, if that is more."""
OVERTIME = 0.5
"""Of the time allowed: an experiment that was thought to fit may end in it. What is not done by
then is left out."""
FEWEST_IMAGES = 64
"""With fewer, an experiment is rather left out."""

PREPARING_SHARE = 0.25
"""Of the time allowed. Where looking at a chunk takes longer, fewer images show what asking
costs."""
PREPARING_IMAGES = 8


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


CHANNEL_SWAP = Experiment(
    "channel-swap",
    channel_swap.channel_swap,
    channel_swap.IMAGES,
    channel_swap.FORWARDS,
    channel_swap.FEWEST_IMAGES,
)
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
    CHANNEL_SWAP,
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
    out or broken off: `time`, or what the model raised. An experiment that has nothing to say of
    this model is in neither."""
    asked.deadline = asked.clock() + seconds
    asked.last_moment = asked.deadline + OVERTIME * seconds
    if not asked.images or seconds <= 0:
        not_measured.update({experiment.name: "time" for experiment in EXPERIMENTS})
        return
    try:
        _prepare(asked, seconds)
    except ModelRefusedError as error:
        not_measured.update({experiment.name: str(error) for experiment in EXPERIMENTS})
        return
    for experiment in in_order(asked):
        images = affordable(experiment, asked)
        if images is None:
            not_measured[experiment.name] = "time"
            continue
        try:
            yield from experiment.ask(asked, images)
        except ModelRefusedError as error:
            not_measured[experiment.name] = str(error)
        except OutOfTimeError:
            not_measured[experiment.name] = "time"


def _prepare(asked: Asked, seconds: float) -> None:
    """Ask once or twice, to know what an answer costs. May raise `ModelRefusedError`."""
    chunk = asked.chunks[0]
    if asked.look_seconds * chunk.images > PREPARING_SHARE * seconds:
        chunk = asked.first(PREPARING_IMAGES)
    asked.answer(chunk)
    if not asked.price("answer") <= asked.look_seconds:
        # Dearer than a look, which does more: a framework prepared for the first time.
        asked.answer(chunk)


def in_order(asked: Asked) -> Iterator[Experiment]:
    """The experiments in order of value. Weights of another training expect an order of channels,
    and by nothing else can it be told."""
    if asked.fine_tuned:
        yield CHANNEL_SWAP
    yield from (x for x in EXPERIMENTS if x is not CHANNEL_SWAP or not asked.fine_tuned)


def affordable(experiment: Experiment, asked: Asked) -> int | None:
    """Images that an experiment can have in the time that is left; `None` for too few."""
    price = sum(asked.price(way) * times for way, times in experiment.forwards.items())
    left = asked.deadline - asked.clock()
    wanted = min(experiment.images, asked.images)
    images = wanted if price * wanted <= left else int(left / price) if left > 0 else 0
    return images if images >= min(experiment.fewest, asked.images) else None
