"""What the facts say of the optimiser."""

from __future__ import annotations

from snellen.record import Subject
from snellen.symptoms.finite import real
from snellen.symptoms.phases import number

ADAPTIVE = ("adam", "rmsprop", "adagrad", "adadelta", "lamb", "adafactor")
"""Optimisers that divide the gradient by its own size, so that its scale matters only beside ε."""


def adaptive(subject: Subject) -> bool:
    name = str(subject.facts.get("optimizer") or "").lower()
    return any(word in name for word in ADAPTIVE)


def learning_rates(subject: Subject) -> list[float]:
    """The learning rates in force at the captured steps, in their order; the last known one alone
    where none was written down."""
    seen = [rate for _, rate in rates_by_step(subject)]
    known = number(subject, "learning_rate")
    return seen or ([] if known is None else [known])


def rates_by_step(subject: Subject) -> list[tuple[int, float]]:
    """Step and learning rate of every capture that wrote one down, in the order of the captures."""
    told = [(m.step, real(m.facts.get("learning_rate"))) for m in subject.moments]
    return [(step, rate) for step, rate in told if rate is not None]


def epsilon(subject: Subject) -> float:
    """The optimiser's ε: as recorded, else the framework's default (PyTorch 1e-8, Keras 1e-7)."""
    known = number(subject, "epsilon")
    return known if known is not None else (1e-8 if subject.framework == "torch" else 1e-7)


def rotation(subject: Subject) -> float:
    """√(2ηλ): the relative update at which weights before a normalisation settle under decay.

    0 without a known learning rate or decay (van Laarhoven 2017; Kosson et al. 2024).
    """
    rate, decay = number(subject, "learning_rate"), number(subject, "weight_decay")
    return (2 * rate * decay) ** 0.5 if rate and decay and rate > 0 and decay > 0 else 0.0
