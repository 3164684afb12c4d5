"""S01 dead-channels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from snellen.core import Layer, Severity
from snellen.record import Entry, Subject
from snellen.stats import MapSummary
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.gates import whole_training_set
from snellen.symptoms.structure import classes, feeds_head, zeroes
from snellen.symptoms.wording import percent

Mask = npt.NDArray[np.bool_]

SUDDEN_STEPS = 10
"""Looks at most this many steps, or this share of the training, apart show a sudden event as
one."""
SUDDEN_SHARE = 0.01


@dataclass(frozen=True)
class Onset:
    """How most of a layer's silent channels fell silent."""

    kind: str
    """`born dead` (before the first step), `sudden` (many between two looks that lie close
    together),
    `unresolved` (many between two looks far apart, or before the first), or `gradual`."""
    channels: int
    """Channels concerned."""
    after: int
    """Steps done at the last look before it; `step` again where there was none."""
    step: int
    """Steps done at the first look that shows it."""

    def clause(self, of: int) -> str:
        """A further clause about `of` silent channels; empty where there is no more to say."""
        which = "all" if self.channels == of else f"{self.channels} of them"
        match self.kind:
            case "born dead":
                return "" if self.channels == of else f", {which} from before the first step on"
            case "sudden":
                return f", {which} at once between steps {self.after} and {self.step}"
            case "unresolved" if self.after < self.step:
                return f", {which} at some point between steps {self.after} and {self.step}"
            case "unresolved":
                return f", {which} at the first look already"
            case _:
                return f", one after another from step {self.step} on"


@dataclass(frozen=True)
class Silence:
    """Channels that no probe image switched on at the last check."""

    channels: int
    of: int
    images: int
    all_images: bool
    """The images are the whole training set."""
    since: int
    """Steps done when all of them were silent and stayed so."""
    onset: Onset
    allowed: float
    """Share of channels that may be silent."""
    idle_weights: int
    """Weights of the silent channels' filters."""

    @property
    def rate_bound(self) -> float:
        """95% upper bound on the share of images that would wake such a channel.

        The rule of three: no event in n independent trials bounds its rate by 3/n.
        """
        return min(1.0, 3 / self.images) if self.images else 1.0

    def sentence(self) -> str:
        which = "training" if self.all_images else "probe"
        when = "before the first step" if self.since == 0 else f"step {self.since}"
        bound = (
            ""
            if self.all_images
            else f"; each wakes on < {percent(self.rate_bound)} of images, 95% confidence"
        )
        return (
            f"{self.channels} of {self.of} channels were zero on all {self.images} {which} images "
            f"from {when} on{self.onset.clause(self.channels)} "
            f"(allowed: {percent(self.allowed)}{bound}; {self.idle_weights} weights do nothing)"
        )


@dataclass(frozen=True)
class DeadChannels(Symptom):
    """Channels that no image switches on.

    ## What it finds
    Channels of a rectified layer (ReLU, ReLU6) whose map is zero everywhere on every probe image at
    the last check. Zeros inside a map are not counted: half of a healthy ReLU map is zero. It
    says whether the channels were born dead, fell silent suddenly or one by one, and from which
    step on. Too many are: 40% of a layer without normalisation, 10% of one with it, 15 points more
    than before the first step, or so many in the layer before the head that too few are left to
    tell the classes apart.

    ## Why it matters
    A rectifier passes no gradient where its output is zero, so the filter learns nothing from these
    images and only a change upstream can revive it. It costs compute and adds nothing. Where most
    of a layer is silent, nothing behind it sees the image any more.

    ## Common causes
    An update that threw the pre-activations far below zero (a learning rate too high for wide
    layers or for inputs that are not centred); a negative bias at the start; an initialisation that
    lets the signal fade with depth; regularisation that wins over the gradient.

    ## What looks similar
    A detector of something rare is silent on most images: the sentence bounds how rare. Channels
    revive when layers before them change. A depthwise channel behind a dead channel only inherits
    its silence and is not counted. A network may work well with many dead channels; that is a note
    about wasted capacity. GELU, SiLU, ELU and leaky ReLU have no exact zeros and are not judged
    here. Pruned channels are silent on purpose: leave the layer out.

    ## Example
    `Conv2d(3, 32, 3)`, ReLU, Adam with a learning rate of 1 on images from 0 to 1: half of the
    channels are dead after one step, nearly all after one epoch.

    ## References
    - Lu et al., Dying ReLU and Initialization, 2019, https://arxiv.org/abs/1903.06733
    - Mehta et al., On Implicit Filter Level Sparsity in Convolutional Neural Networks, 2019,
      https://arxiv.org/abs/1811.12495
    """

    code = "S01"
    name = "dead-channels"
    since = "0.1"
    reads = (MapSummary,)
    min_images = 300
    needs_activation = True

    max_share: float = threshold(
        0.40,
        unit="share of channels, no normalisation",
        because="healthy plain networks ended with 0 to 22% per layer, and began with up to 39%",
    )
    error_share: float = threshold(
        0.80,
        unit="share of channels, no normalisation",
        because="networks that stayed at the prior loss had 0.9 to 1.0 in most layers",
    )
    max_share_normalised: float = threshold(
        0.10,
        unit="share of channels behind a normalisation",
        because="healthy networks with BatchNorm had none",
    )
    error_share_normalised: float = threshold(
        0.50,
        unit="share of channels behind a normalisation",
        because="half of a layer that normalisation should keep awake",
    )
    max_growth: float = threshold(
        0.15,
        unit="share of channels more than before the first step",
        because="healthy training revives channels rather than silencing them",
    )
    min_alive: int = threshold(
        4,
        unit="channels left before the head",
        because="fewer (or fewer than classes − 1) can't tell the classes apart",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        for layer in subject.layers:
            if zeroes(layer) and not layer.head:
                checks = subject.history(layer.name, MapSummary, "post")
                opinion = self._opinion(subject, layer, checks)
                if opinion is not None:
                    yield opinion

    def _opinion(
        self, subject: Subject, layer: Layer, checks: tuple[Entry[MapSummary], ...]
    ) -> Opinion | None:
        checks = tuple(c for c in checks if c.value.images)
        if not checks:
            return Unjudged(layer.name, "a look at its maps on the probe")
        last = checks[-1]
        if last.step == 0 and layer.residual and layer.normalised:
            # A residual branch may begin with a scale of zero by design (Goyal et al. 2017).
            return None
        if int(last.value.values.sum()) == 0:
            return Unjudged(layer.name, "finite maps")
        silent = [_silent(c.value) & ~_inherited(subject, layer, c) for c in checks]
        dead = silent[-1]
        limit, error = self._limits(subject, layer, checks, silent, dead)
        if limit is None:
            # One image that wakes a channel is proof at any size of the probe, so silence alone
            # needs it.
            return Healthy(layer.name, last.value.images if dead.any() else None, last.step)
        return Suspicion(
            layer.name,
            Severity.ERROR if error else Severity.WARNING,
            self._evidence(subject, layer, checks, silent, dead, limit),
            tuple(int(c) for c in np.flatnonzero(dead)),
            _onset(subject, checks, silent, dead).step,
            images=last.value.images,
            at=last.step,
        )

    def _limits(
        self,
        subject: Subject,
        layer: Layer,
        checks: tuple[Entry[MapSummary], ...],
        silent: list[Mask],
        dead: Mask,
    ) -> tuple[float | None, bool]:
        """The share that is exceeded (`None`: none is), and whether most of the layer is lost."""
        count, of = int(dead.sum()), len(dead)
        warning = self.max_share_normalised if layer.normalised else self.max_share
        error = self.error_share_normalised if layer.normalised else self.error_share
        needed = max(self.min_alive, (classes(subject) or 0) - 1)
        starved = feeds_head(subject, layer) and of >= needed > of - count
        if starved or count >= error * of:
            return (warning if count >= warning * of else (of - needed) / of), count > 0
        if count >= warning * of and count > 0:
            return warning, False
        born = int(silent[0].sum()) if checks[0].step == 0 and len(checks) > 1 else of
        if count - born >= self.max_growth * of:
            return born / of + self.max_growth, False
        return None, False

    def _evidence(
        self,
        subject: Subject,
        layer: Layer,
        checks: tuple[Entry[MapSummary], ...],
        silent: list[Mask],
        dead: Mask,
        allowed: float,
    ) -> Silence:
        since = int(_since(silent, dead)[dead].max()) if dead.any() else len(checks) - 1
        return Silence(
            channels=int(dead.sum()),
            of=len(dead),
            images=checks[-1].value.images,
            all_images=whole_training_set(subject),
            since=checks[since].step,
            onset=_onset(subject, checks, silent, dead),
            allowed=allowed,
            idle_weights=int(dead.sum()) * prod(layer.weight_shape[1:])
            if layer.weight_shape
            else 0,
        )


def _silent(summary: MapSummary) -> Mask:
    """Channels without one value above zero; one that held NaN or inf is broken, not silent."""
    return summary.silent & (summary.nonfinite == 0)


def _inherited(subject: Subject, layer: Layer, check: Entry[MapSummary]) -> Mask:
    """Channels of a depthwise layer whose one input channel is itself silent."""
    none = np.zeros(check.value.channels, np.bool_)
    if not layer.depthwise or len(layer.inputs) != 1:
        return none
    for before in subject.history(layer.inputs[0], MapSummary, "post"):
        if before.step == check.step and before.value.channels == check.value.channels:
            return _silent(before.value)
    return none


def _since(silent: list[Mask], dead: Mask) -> npt.NDArray[Any]:
    """Per channel the index of the check from which it was silent to the end."""
    stack = np.array(silent)[::-1]
    run = np.cumprod(stack, axis=0).sum(axis=0)
    return np.where(dead, len(silent) - run, len(silent))


def _onset(
    subject: Subject, checks: tuple[Entry[MapSummary], ...], silent: list[Mask], dead: Mask
) -> Onset:
    fallen = np.bincount(_since(silent, dead)[dead], minlength=len(checks))
    total, first = int(dead.sum()), checks[0].step
    if 2 * fallen[0] >= max(total, 1):
        return Onset("born dead" if first == 0 else "unresolved", int(fallen[0]), first, first)
    fallen[0] = 0
    worst = int(fallen.argmax())
    # A rise of 15% of the layer between two looks (CATALOGUE S01).
    if fallen[worst] >= 0.15 * len(dead):
        after, step = checks[worst - 1].step, checks[worst].step
        close = step - after <= max(SUDDEN_STEPS, SUDDEN_SHARE * subject.steps)
        return Onset("sudden" if close else "unresolved", int(fallen[worst]), after, step)
    began = int(np.flatnonzero(fallen)[0])
    return Onset("gradual", total, checks[began - 1].step, checks[began].step)
