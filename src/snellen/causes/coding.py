"""Pieces of code that remedies are made of, in the words of the user's own framework."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10
from typing import Any

from snellen.causes.case import Case
from snellen.symptoms.optimiser import adaptive, learning_rates
from snellen.symptoms.phases import number

USUAL_ADAPTIVE = 1e-3
USUAL_SGD = 0.05
USUAL_OF = {"adagrad": 1e-2, "adadelta": 1.0, "lion": 1e-4}
"""Learning rates that most published recipes for convolutional networks start near; of some
optimisers by name, since their steps shrink by themselves, or are all of one length."""


def written(value: float) -> str:
    """A number as one writes it in code: two digits, `0.001`, `3e-05`; of numbers just below 1, as
    momenta are, what is missing to it: `0.999`."""
    if value == 0:
        return "0.0"
    if 0.9 < value < 1:
        return repr(round(value, 1 - floor(log10(1 - value))))
    digits = 1 - floor(log10(abs(value)))
    return repr(round(value, digits))


def named(layers: Sequence[str]) -> str:
    """The first four of these names, for a comment: `conv1, conv2, conv3, conv4, ...`."""
    return ", ".join(layers[:4]) + (", ..." if len(layers) > 4 else "")


def rate(case: Case) -> float | None:
    """The highest learning rate that was seen in force; `None` where none is known."""
    return max(learning_rates(case.subject), default=None)


def usual_rate(case: Case) -> float:
    """What the optimiser is usually run with."""
    name = optimizer_name(case).lower()
    own = (rate for known, rate in USUAL_OF.items() if known in name)
    return next(own, USUAL_ADAPTIVE if adaptive(case.subject) else USUAL_SGD)


def optimizer_name(case: Case) -> str:
    """Its class; `SGD` where none is known."""
    return str(case.subject.facts.get("optimizer") or "SGD")


def optimizer_call(case: Case, **changes: Any) -> str:
    """The construction of the user's optimiser with these options changed.

    Options are named as PyTorch names them (`lr`, `momentum`, `weight_decay`, `betas`, `eps`); for
    Keras they are translated. What the user chose otherwise stays; `None` leaves an option out.
    """
    keras = case.keras
    facts = case.subject.facts
    options: dict[str, Any] = {"lr": rate(case)}
    for name in ("momentum", "weight_decay"):
        value = number(case.subject, name)
        if value:
            options[name] = value
    if facts.get("nesterov") is True:
        options["nesterov"] = True
    options |= changes
    options = {name: value for name, value in options.items() if value is not None}
    if keras:
        names = {"lr": "learning_rate", "eps": "epsilon"}
        said = ", ".join(f"{names.get(k, k)}={_value(v)}" for k, v in options.items())
        return f"keras.optimizers.{optimizer_name(case)}({said})"
    said = ", ".join(f"{k}={_value(v)}" for k, v in options.items())
    return f"torch.optim.{optimizer_name(case)}(model.parameters(), {said})"


def new_optimizer(case: Case, **changes: Any) -> str:
    """The line of the script that makes the optimiser, with these options changed."""
    call = optimizer_call(case, **changes)
    if case.keras:
        return f"model.compile(optimizer={call}, **rest)  # rest: the other arguments, as before"
    return f"optimizer = {call}"


def conv(case: Case) -> str:
    """The name of the convolution that fits the images: `nn.Conv2d`, `layers.Conv2D`."""
    return f"layers.Conv{_dimensions(case)}D" if case.keras else f"nn.Conv{_dimensions(case)}d"


def batch_norm(case: Case, channels: int) -> str:
    """A batch normalisation for so many channels, in the framework's words."""
    if case.keras:
        return "layers.BatchNormalization()"
    return f"nn.BatchNorm{_dimensions(case)}d({channels})"


def _dimensions(case: Case) -> int:
    shape: Any = case.subject.facts.get("image_shape")
    if isinstance(shape, list | tuple) and 2 <= len(shape) <= 4:  # pyright: ignore[reportUnknownArgumentType]
        return len(shape) - 1  # pyright: ignore[reportUnknownArgumentType]
    return 2


def _value(value: Any) -> str:
    if isinstance(value, float):
        return written(value)
    return repr(value)
