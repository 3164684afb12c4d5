"""The intervention `inputs`."""

from __future__ import annotations

from dataclasses import dataclass

from snellen.trials.interventions._intervention import Intervention


@dataclass(frozen=True)
class StandardisedInputs(Intervention):
    """The model gets its images less their mean and divided by their standard deviation.

        Per channel, with constants taken from the training's own images before; in training and in
    evaluation alike. Other inputs than images are left alone. In Keras, layers that only prepare
    images (rescaling, cropping, augmentation) keep their place before it, and a model that shifts
    or scales its images by hand is left alone. Who watches the model's inputs sees the script's
    own images.
    """

    name = "inputs"

    mean: tuple[float, ...] = ()
    """Of each channel."""

    deviation: tuple[float, ...] = ()
    """Standard deviation of each channel, above 0."""

    def sentence(self) -> str:
        return "standardised images"
