"""S45 loss-head-mismatch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from snellen.core import Severity
from snellen.record import Clock, Subject
from snellen.stats import Predictions, TargetKind, Targets
from snellen.symptoms import landmarks
from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged, threshold
from snellen.symptoms.outcome import training_loss
from snellen.symptoms.structure import head
from snellen.symptoms.wording import amount

CROSS_ENTROPIES = ("cross_entropy", "nll")
BINARY = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
SOFT_RECTIFIERS = ("gelu", "silu", "mish", "hard_swish", "elu", "selu", "softplus")
SQUASHERS = ("sigmoid", "tanh", "hard_sigmoid", "hard_tanh", "softsign")
DISTANCES = ("mse", "mae", "huber")
REACH = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
}
"""Between which values an activation puts out all it can."""
ROUNDING = 1e-2
"""What labels that are shares may sum to beyond one."""
JUDGED = (*CROSS_ENTROPIES, *BINARY, "mse")


@dataclass(frozen=True)
class Mismatch:
    """A loss that was fed something other than it expects."""

    problem: str
    """What is wrong, as a clause."""
    loss: str
    fed: str
    expects: str
    floor: float
    """Least loss that this wiring can reach; NaN when it sets none."""
    smallest: float
    """Smallest training loss seen; NaN when none was."""

    def sentence(self) -> str:
        name = self.loss.replace("_", " ")
        seen = (
            f", the smallest seen was {amount(self.smallest)}" if np.isfinite(self.smallest) else ""
        )
        floor = (
            f"; it can't fall below {amount(self.floor)}{seen}" if np.isfinite(self.floor) else ""
        )
        return f"{self.problem}: {name} was fed {self.fed} (allowed: {self.expects}){floor}"


@dataclass(frozen=True)
class Crossed:
    """Answers and targets of shapes that were spread over one another."""

    answers: int
    """Of a batch, one for each image."""

    def sentence(self) -> str:
        n = self.answers
        return (
            f"the loss compares each of {n} answers with each of {n} targets, {n * n} pairs "
            f"(allowed: {n}): answers of shape ({n}, 1) met targets of shape ({n},), and all it "
            "can teach is the targets' mean"
        )


@dataclass(frozen=True)
class Beyond:
    """Targets that the last activation can't reach."""

    fed: str
    least: float
    most: float
    """What it can put out."""
    mean: float
    """Of the targets, of the output that lies farthest outside."""

    def sentence(self) -> str:
        return (
            f"the targets are {amount(self.mean)} on average, and {_fed_words(self.fed)} lies "
            f"between {self.least:g} and {self.most:g} (allowed: targets that it can reach)"
        )


@dataclass(frozen=True)
class Wiring:
    """What is known of how the loss is fed."""

    loss: str
    expects: str
    fed: str | None
    units: int | None
    yes_share: float
    """Share of yes among binary labels; NaN when unknown."""
    smallest: float
    plain: bool
    """The loss is a mean without weights, so that its least value is known."""
    outputs: Predictions | None
    output_activation: str | None = None
    """The activation after which the output leaves the model."""
    softmax_over: str = ""
    """Axis of the softmax that makes the output: `batch`, `units` or `positions`; empty: not
    known."""

    @property
    def within_0_1(self) -> bool | None:
        """Whether the model's outputs on the probe lie in 0 to 1; `None`: not known."""
        if (
            self.outputs is None
            or not np.isfinite([self.outputs.minimum, self.outputs.maximum]).all()
        ):
            return None
        return self.outputs.minimum >= -1e-6 and self.outputs.maximum <= 1 + 1e-6

    @property
    def sums_to_1(self) -> bool:
        out = self.outputs
        if out is None or not self.within_0_1:
            return False
        return abs(out.row_sum_low - 1) < 1e-3 and abs(out.row_sum_high - 1) < 1e-3


@dataclass(frozen=True)
class LossHeadMismatch(Symptom):
    """A loss that does not fit what the network puts out.

    ## What it finds
    A loss that takes the softmax (or sigmoid) itself but is fed probabilities; a loss that takes
    the logarithm of probabilities but is fed logits; a softmax over a single output, which is
    always 1; a softmax over the batch instead of the classes; labels of one image that are right
    several at a time; labels beyond 0 to 1, under which a cross-entropy falls below zero; a ReLU,
    tanh or another activation between the last layer and a classification loss; and, in PyTorch,
    answers of shape (N, 1) that are compared with targets of shape (N,), each with each. Of losses
    on values, a last activation whose values can't reach the targets. It reads
    which activation the loss was fed by, and checks it against the model's outputs, the labels and
    the smallest loss seen.

    ## Why it matters
    Training runs without an error message, but towards a wrong or flattened goal: with a softmax
    taken twice the loss can't fall below ln(1 + (K − 1)/e), 1.461 for ten classes, and the
    gradients are small.

    ## Common causes
    `nn.CrossEntropyLoss` behind a softmax layer; `from_logits=True` left out or put in; one output
    with `softmax` where `sigmoid` was meant; `softmax(dim=0)`; an activation kept on the last
    layer; `NLLLoss` on logits; a missing `squeeze(1)` before a loss on values.

    ## What looks similar
    A log-softmax taken twice changes nothing and is no fault. Keras may recover the logits of a
    final softmax by itself. Softmax with a squared error, or a sigmoid before a cross-entropy of
    one class per image, only slows learning: a note, or a warning where the training came to harm.
    Outputs that lie in 0 to 1 by other means (a clamp, a hand-written softmax) fit a loss on
    probabilities.

    ## Example
    `nn.Sequential(..., nn.Linear(64, 10), nn.Softmax(1))` trained with `nn.CrossEntropyLoss()`.

    ## References
    - PyTorch, CrossEntropyLoss,
      https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
    - Keras, probabilistic losses, https://keras.io/api/losses/probabilistic_losses/
    """

    code = "S45"
    name = "loss-head-mismatch"
    since = "0.1"
    reads = (Predictions, Targets)

    below_floor: float = threshold(
        0.99,
        unit="times the least loss this wiring can reach",
        because="a smaller loss disproves the wiring; the rest is rounding",
    )

    def opinions(self, subject: Subject) -> Iterable[Opinion]:
        final = head(subject)
        place = final.name if final else ""
        wiring = read_wiring(subject)
        crossed: Any = subject.facts.get("crossed")
        if isinstance(crossed, int):
            yield Suspicion(place, Severity.ERROR, Crossed(crossed), step=0, evident=True)
            return
        if wiring is not None and wiring.loss in DISTANCES:
            beyond = _beyond_reach(subject, wiring)
            if beyond is not None:
                yield Suspicion(place, Severity.ERROR, beyond, step=0, evident=True)
                return
        if wiring is None or wiring.loss not in JUDGED:
            return
        found = (
            _single_softmax(wiring)
            or _over_the_batch(wiring)
            or _several_at_once(wiring, sums_beyond_1(subject))
            or _below_zero(wiring)
        )
        if found is None and wiring.fed is None and wiring.outputs is None:
            yield Unjudged(
                place, "to know what the loss is fed, or the model's outputs on the probe"
            )
            return
        found = (
            found or _twice(wiring, self.below_floor) or _not_probabilities(wiring) or _slow(wiring)
        )
        if found is None:
            yield Healthy(place)
            return
        problem, severity, evident, floor, allowed = found
        fed = wiring.fed or ("probabilities" if wiring.sums_to_1 else "values outside 0 to 1")
        yield Suspicion(
            place,
            severity,
            Mismatch(problem, wiring.loss, _fed_words(fed), allowed, floor, wiring.smallest),
            step=0,
            evident=evident,
        )


def _beyond_reach(subject: Subject, w: Wiring) -> Beyond | None:
    """Whether the mean of some output's targets lies outside of what its activation can reach: even
    a constant guess is out of reach then."""
    fed = w.fed if w.fed not in (None, "linear") else w.output_activation
    seen = subject.last("", Targets, "", Clock.INLINE)
    if fed not in REACH or seen is None or seen.value.kind != TargetKind.REGRESSION:
        return None
    least, most = REACH[fed]
    outside = np.maximum(seen.value.mean - most, least - seen.value.mean)
    if not len(outside) or not float(outside.max()) > 0:
        return None
    return Beyond(fed, least, most, float(seen.value.mean[int(outside.argmax())]))


Fault = tuple[str, Severity, bool, float, str]
"""Problem, severity, evident, floor, what the loss allows."""
NAN = float("nan")


def _single_softmax(w: Wiring) -> Fault | None:
    """A softmax over one output is 1 whatever the image: no gradient, ever."""
    ends = w.output_activation == "softmax" or w.softmax_over == "units"
    single = w.units == 1 and (w.fed == "softmax" or (w.fed is None and ends))
    if single and w.loss != "mse":
        return "a softmax over one output is always 1", Severity.ERROR, True, NAN, "a sigmoid"
    return None


def _over_the_batch(w: Wiring) -> Fault | None:
    """A softmax that makes the images of a batch compete with each other."""
    if w.softmax_over == "batch" and w.loss != "mse":
        problem = "the softmax runs over the images of the batch, not over the classes"
        return problem, Severity.ERROR, True, NAN, "a softmax over the classes"
    return None


def _several_at_once(w: Wiring, sums: float | None) -> Fault | None:
    """A softmax shares out 1 among the classes: of several right ones it can't believe each."""
    if w.loss not in CROSS_ENTROPIES or sums is None:
        return None
    problem = f"the labels of one image sum to up to {amount(sums)}, of which a softmax allows 1"
    return problem, Severity.WARNING, True, NAN, "a sigmoid for each label"


def _below_zero(w: Wiring) -> Fault | None:
    """A cross-entropy of labels from 0 to 1 is never negative: −y·ln p − (1 − y)·ln(1 − p) ≥ 0."""
    probable = w.expects in ("logits", "probabilities")
    if w.loss in (*CROSS_ENTROPIES, *BINARY) and probable and w.smallest < -1e-3:
        problem = f"the loss fell to {amount(w.smallest)}: labels from 0 to 1 allow no less than 0"
        return problem, Severity.ERROR, True, NAN, "labels from 0 to 1"
    return None


def _twice(w: Wiring, margin: float) -> Fault | None:
    """The loss applies the function that the head has applied already."""
    if w.expects != "logits":
        return None
    if w.loss in CROSS_ENTROPIES and (w.units or 0) >= 2:
        floor = landmarks.double_softmax_floor(w.units or 2)
        unseen = w.fed is None and w.sums_to_1 and np.isfinite(w.smallest) and w.plain
        if (w.fed == "softmax" or unseen) and not _below(w, floor * margin):
            return "the softmax is taken twice", Severity.WARNING, True, _known(w, floor), "logits"
    if w.loss in BINARY and w.fed == "sigmoid":
        floor = landmarks.double_sigmoid_floor(w.yes_share)
        if not _below(w, floor * margin):
            return "the sigmoid is taken twice", Severity.WARNING, True, _known(w, floor), "logits"
    return None


def _not_probabilities(w: Wiring) -> Fault | None:
    """The loss takes a logarithm of something that is no probability."""
    if w.expects == "log-probabilities":
        return _not_log_probabilities(w)
    if w.expects == "probabilities" and w.loss in (*CROSS_ENTROPIES, *BINARY):
        unfit = w.fed not in ("softmax", "sigmoid", "hard_sigmoid", "log_softmax", None)
        if (unfit or w.fed is None) and w.within_0_1 is False:
            problem = "the loss takes the logarithm of outputs outside 0 to 1"
            return problem, Severity.ERROR, True, NAN, "probabilities"
        if unfit and w.within_0_1 is None:
            problem = "the loss takes the logarithm of outputs that need not lie in 0 to 1"
            return problem, Severity.WARNING, False, NAN, "probabilities"
        if w.fed == "log_softmax":
            problem = "the loss takes the logarithm of logarithms"
            return problem, Severity.ERROR, True, NAN, "probabilities"
    return None


def _not_log_probabilities(w: Wiring) -> Fault | None:
    if w.fed == "softmax":
        problem = "the loss takes probabilities for their logarithms"
        return problem, Severity.WARNING, True, NAN, "log-probabilities"
    above_0 = w.outputs is not None and w.outputs.maximum > 1e-6
    # The model may put out logits while the loss is fed their log-softmax: only a known `fed`
    # tells.
    if w.fed not in (None, "log_softmax", "log_sigmoid") and (above_0 or w.smallest < 0):
        problem = "the loss takes raw outputs for logarithms of probabilities"
        return problem, Severity.ERROR, True, NAN, "log-probabilities"
    return None


def _slow(w: Wiring) -> Fault | None:
    """Pairs that learn, but less well: judged by the outcome."""
    if w.loss in CROSS_ENTROPIES and w.fed in SQUASHERS and w.units != 1:
        allowed = "logits" if w.expects == "logits" else "a softmax"
        return "the outputs are squashed one by one", Severity.WARNING, False, NAN, allowed
    if w.loss in (*CROSS_ENTROPIES, *BINARY) and w.fed in ("relu", "relu6"):
        dead = _dead_outputs(w)
        if dead:
            problem = f"a rectifier cuts off the outputs, {dead} of {w.units} for every image"
            return problem, Severity.WARNING, True, NAN, w.expects
        return "a rectifier cuts off the outputs", Severity.WARNING, False, NAN, w.expects
    if w.loss in BINARY and w.fed in ("tanh", "hard_tanh", "softsign"):
        return "the outputs are squashed to −1 to 1", Severity.WARNING, False, NAN, w.expects
    if w.loss in (*CROSS_ENTROPIES, *BINARY) and w.expects == "logits" and w.fed in SOFT_RECTIFIERS:
        return "an activation cuts off low outputs", Severity.WARNING, False, NAN, w.expects
    if w.fed == "softmax" and (w.loss == "mse" or (w.loss in BINARY and (w.units or 0) > 1)):
        problem = "a softmax learns slowly under this loss"
        return problem, Severity.NOTE, False, NAN, "cross-entropy for a softmax"
    return None


def _dead_outputs(w: Wiring) -> int:
    """Outputs of several that are zero on every image of the probe: their classes are never chosen,
    and no gradient brings them back."""
    out = w.outputs
    if out is None or (w.units or 0) < 2 or len(out.output_std) != w.units or out.images < 50:
        return 0
    return int(((out.output_std == 0) & (out.output_mean == 0)).sum())


def _below(w: Wiring, floor: float) -> bool:
    """A loss below the floor disproves the wiring, where the floor holds at all."""
    return w.plain and np.isfinite(floor) and w.smallest < floor


def _known(w: Wiring, floor: float) -> float:
    return floor if w.plain else NAN


def _fed_words(fed: str) -> str:
    return {
        "softmax": "the output of a softmax",
        "sigmoid": "the output of a sigmoid",
        "log_softmax": "the output of a log-softmax",
        "linear": "raw outputs",
        "relu": "the output of a ReLU",
        "relu6": "the output of a ReLU6",
    }.get(fed, f"the output of {fed}" if " " not in fed and fed != "probabilities" else fed)


def sums_beyond_1(subject: Subject) -> float | None:
    """The greatest sum of one image's labels, where they are shares that sum to more than one;
    else `None`."""
    seen = subject.last("", Targets, "", Clock.INLINE)
    highest = seen.value.sum_high if seen is not None else NAN
    return highest if highest > 1 + ROUNDING else None


def read_wiring(subject: Subject) -> Wiring | None:
    """How the loss is fed, from the loss's own call; `None` when no loss was seen."""
    facts: Any = subject.facts.get("loss")
    if not isinstance(facts, dict):
        return None
    loss: dict[str, Any] = facts  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(loss.get("name"), str):
        return None
    final, seen = head(subject), subject.last("", Predictions)
    fed, units = loss.get("fed"), loss.get("units")
    if not isinstance(units, int) or isinstance(units, bool):
        units = final.channels if final else None
    series = training_loss(subject)
    values = series.values[np.isfinite(series.values)] if series is not None else np.zeros(0)
    labels = subject.last("", Targets, "", Clock.INLINE)
    shares = labels.value.priors if labels else np.zeros(0)
    softmax: Any = subject.facts.get("output_softmax")
    axis: Any = softmax.get("over") if isinstance(softmax, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    weighted = loss.get("class_weight") or loss.get("pos_weight") or loss.get("sample_weight")
    averaged = str(loss.get("reduction", "mean")) in ("mean", "sum_over_batch_size")
    return Wiring(
        loss=loss["name"],
        expects=str(loss.get("expects") or ""),
        fed=fed if isinstance(fed, str) and fed else None,
        units=units,
        yes_share=float(shares.mean()) if len(shares) == 1 else NAN,
        smallest=float(values.min()) if len(values) else NAN,
        plain=averaged and not weighted,
        outputs=seen.value if seen else None,
        output_activation=final.output_activation if final else None,
        softmax_over=axis if isinstance(axis, str) else "",
    )
