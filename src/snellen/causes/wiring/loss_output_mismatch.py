"""C24 loss-output-mismatch."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.change import Setting, at_boundary
from snellen.causes.changing import edited
from snellen.causes.measures.deaths import deaths
from snellen.causes.measures.labels import classes
from snellen.causes.measures.soundness import came_apart
from snellen.core import Layer, Severity
from snellen.record import Event
from snellen.stats import Predictions, TargetKind
from snellen.symptoms.answers import targets
from snellen.symptoms.landmarks import double_softmax_floor
from snellen.symptoms.outcome import BINARY
from snellen.symptoms.wiring.loss_head_mismatch import Beyond, Wiring, read_wiring, sums_beyond_1
from snellen.symptoms.wording import amount

ABOUT_LABELS = re.compile(
    r"target.{0,80}(size|shape|rank|batch|must|expected|out of bounds)"
    r"|(size|shape|rank).{0,80}(target|label|logits)"
    r"|logits and labels|label value|y_true|class values must be|probability tensor expected"
    r"|sparse_categorical|categorical_crossentropy|binary_crossentropy|cross_entropy"
    r"|expected scalar type (long|float)|all elements of (input|target) should be between",
    re.IGNORECASE | re.DOTALL,
)
"""What frameworks say when labels do not have the form that the loss takes."""


class LossOutputMismatch(Cause):
    """The loss does not fit what the network puts out, or the labels do not fit the loss.

    ## How it shows
    From the first step on, whatever the images are: a softmax taken twice keeps the loss above
    ln(1 + (K − 1)/e); a softmax over one output is always 1 and has no gradient; a softmax over the
    batch makes images compete; a ReLU on the logits leaves classes without gradient. Labels
    of another form than the loss takes end the run with an error before its first step.

    ## What looks similar
    A dead network (C20, C10) also answers one class: its maps are dead, here they are alive at
    first. Labels without signal (C06) leave the loss at that of guessing, not above a floor of its
    own. A broken path (C26) leaves layers without a gradient although the loss fits.

    ## How to be sure
    Replace the pair by raw outputs and the loss that takes them, and train 50 steps: the loss falls
    below the old floor.

    ## References
    - PyTorch, CrossEntropyLoss,
      https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
    - Keras, Probabilistic losses, https://keras.io/api/losses/probabilistic_losses/
    """

    code = "C24"
    name = "loss-output-mismatch"
    since = "0.1"
    prior = 0.05
    explains = frozenset(
        f"S{number:02}" for number in (1, 6, 10, 11, 12, 15, 16, 17, 19, 20, 25, 45, 46, 48, 54, 59)
    )
    alike = ("C20", "C10", "C06", "C26")
    trial = "train 50 steps with raw outputs and the loss that takes them"

    @clue(Group.CONFIGURATION, expected=(0.8, 0.008), decisive=True)
    def loss_fed_wrongly(self, case: Case) -> Sign:
        found = case.findings("S45")
        if found:
            # A note: the pair learns, if slowly, or nothing has come to harm.
            sure = 1.0 if found[0].severity is not Severity.NOTE else 0.8
            return sign(True, found[0].evidence.sentence(), "S45", reliability=sure)
        if not case.judged("S45"):
            return UNMEASURED
        wiring = read_wiring(case.subject)
        fed = (wiring.fed if wiring else None) or "its outputs"
        name = wiring.loss.replace("_", " ") if wiring else "the loss"
        return sign(False, f"{name} takes what it is fed ({fed})", "S45")

    @clue(Group.CONFIGURATION, expected=(0.15, 0.02))
    def pair_learns_slowly(self, case: Case) -> Sign:
        found = case.findings("S45")
        if not found or found[0].severity is not Severity.NOTE:
            return UNMEASURED
        return sign(True, found[0].evidence.sentence(), "S45")

    @clue(Group.DATA, expected=(0.35, 0.003), decisive=True)
    def script_stopped_over_its_labels(self, case: Case) -> Sign:
        error = _error(case)
        if error is None:
            # A run that ended by itself says nothing: most mismatches raise no error.
            return UNMEASURED
        about = bool(ABOUT_LABELS.search(error.text))
        return sign(about, f"{_ENDED[error.kind]}: {_short(error.text)}")

    @clue(Group.TIMELINE, expected=(0.3, 0.03))
    def ended_before_the_first_step(self, case: Case) -> Sign:
        error = _error(case)
        if error is None:
            return UNMEASURED
        said = f"{case.subject.steps} steps were done when the script met its error"
        return sign(case.subject.steps == 0, said)

    @clue(Group.DATA, expected=(0.2, 0.01))
    def labels_of_another_form(self, case: Case) -> Sign:
        wiring = read_wiring(case.subject)
        seen = targets(case.subject)
        if wiring is None or seen is None or not seen.images:
            return UNMEASURED
        problem = _misfit(case, wiring)
        if not problem and _fed_wrongly(case):
            return UNMEASURED
        kind = TargetKind(seen.kind).value
        said = problem or f"labels ({kind}) have the form that {wiring.loss} takes"
        return sign(bool(problem), said)

    @clue(Group.LOSS, expected=(0.4, 0.04))
    def loss_stays_above_the_floor_of_two_softmaxes(self, case: Case) -> Sign:
        wiring = read_wiring(case.subject)
        units = wiring.units if wiring else None
        if wiring is None or wiring.loss != "cross_entropy" or not units or units < 2:
            return UNMEASURED
        # Another misfit has no such floor.
        if not np.isfinite(wiring.smallest) or wiring.fed != "softmax":
            return UNMEASURED
        floor = double_softmax_floor(units)
        said = (
            f"the least training loss was {amount(wiring.smallest)}; two softmaxes over {units} "
            f"outputs can't go below {amount(floor)}"
        )
        return sign(wiring.smallest > 0.99 * floor, said, "S45")

    @clue(Group.GRADIENTS, expected=(0.3, 0.06))
    def no_gradient_at_all(self, case: Case) -> Sign:
        found = case.findings("S59")
        if not found:
            if not case.judged("S59") or _fed_wrongly(case):
                return UNMEASURED
            return sign(False, "every layer had a gradient", "S59")
        said = found[0].evidence.sentence()
        return sign("all " in said or "softmax" in said, said, "S59")

    @clue(Group.CLASSES, expected=(0.45, 0.1))
    def outputs_constant_though_maps_are_not(self, case: Case) -> Sign:
        last, seen = case.subject.last("", Predictions), deaths(case)
        if last is None or last.value.images < 20 or not len(last.value.output_std):
            return UNMEASURED
        if seen is not None and seen.last > 0.5:
            # A dead network puts out constants whatever the loss.
            return UNMEASURED
        spread = last.value.output_std
        constant = int((spread == 0).sum())
        if not constant and _fed_wrongly(case):
            return UNMEASURED
        said = (
            f"{constant} of {len(spread)} outputs are the same for all {last.value.images} images"
        )
        return sign(constant > 0, said)

    @clue(Group.ACTIVITY, expected=(0.1, 0.35))
    def network_came_apart(self, case: Case) -> Sign:
        return came_apart(case)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        wiring = read_wiring(case.subject)
        error = _error(case)
        if error is not None and ABOUT_LABELS.search(error.text):
            yield _labels(case)
        elif case.subject.facts.get("crossed"):
            yield _crossed(case)
            return
        elif any(isinstance(f.evidence, Beyond) for f in case.findings("S45")):
            yield _reaching(case)
            return
        elif sums_beyond_1(case.subject):
            yield _each_by_itself(case)
            return
        elif wiring is not None and (wiring.loss in BINARY or wiring.units == 1):
            yield _binary(case)
        yield _classes(case, wiring)


def _fed_wrongly(case: Case) -> bool:
    """One misfit is enough: what it does not bring about says nothing against it."""
    return case.found("S45")


_ENDED = {
    "script-error": "the script ended with",
    "stopped": "before the first step the watching met",
}


def _error(case: Case) -> Event | None:
    """What ended the script; or, where the loss of the first images already failed, what that
    raised: it ends the watching first. `None` without either."""
    ended = [e for e in case.events if e.kind == "script-error"]
    met = [
        e
        for e in case.events
        if e.kind == "stopped" and not e.step and "Error: " in e.text and not case.subject.steps
    ]
    # An error of the watching itself is no error of the script.
    met = [e for e in met if ABOUT_LABELS.search(e.text)]
    return (ended or met or [None])[-1]


def _short(text: str) -> str:
    """The error alone, without what was said before it."""
    lines = [part.strip() for part in text.strip().splitlines() if part.strip()]
    line = lines[-1] if lines else ""
    raised = re.search(r"\w*Error: .*", line)
    return (raised.group(0) if raised else line)[:150]


def _misfit(case: Case, wiring: Wiring) -> str:
    """What is wrong with the labels for this loss, as a sentence; empty where nothing is known to
    be."""
    counted = classes(case)
    if counted is None:
        return ""
    number = len(counted.counts)
    units = wiring.units or 0
    if wiring.loss in ("cross_entropy", "nll") and units == 1:
        return "a cross-entropy over classes is given one output"
    if wiring.loss in ("cross_entropy", "nll") and number > units > 1:
        return f"labels go up to {number - 1}, and there are {units} outputs"
    if wiring.loss in BINARY and units == 1 and number > 2:
        return f"a yes-or-no loss is given labels of {number} classes"
    if wiring.loss in ("mse", "mae", "huber") and units == 1 and number > 2:
        return f"a loss on values is given the numbers of {number} classes"
    return ""


def _number(case: Case, wiring: Wiring | None) -> int:
    counted = classes(case)
    known = len(counted.counts) if counted is not None else 0
    return max(known, (wiring.units or 0) if wiring else 0, 2)


def _final(case: Case) -> Layer | None:
    return next((x for x in case.subject.layers if x.head), None)


def _head(case: Case) -> str:
    final = _final(case)
    return final.name if final is not None else "head"


def _classes(case: Case, wiring: Wiring | None) -> Remedy:
    number, head = _number(case, wiring), _head(case)
    if case.keras:
        code = (
            f"outputs = layers.Dense({number})(x)  # {head}, without softmax\n"
            "loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)\n"
            "model.compile(loss=loss, **rest)  # rest: as before; labels are integers"
        )
    else:
        code = (
            "loss_of = torch.nn.CrossEntropyLoss()\n"
            f"logits = model(images)  # {number} raw outputs of {head}: no softmax, no ReLU\n"
            f"loss = loss_of(logits, labels)  # labels: integers, 0 to {number - 1}"
        )
    return Remedy(
        f"Give the loss the {number} raw outputs of {head}, without an activation, and integer "
        "labels",
        case.framework,
        code,
        "probabilities have to be made by a softmax where they are wanted",
        "the loss falls below its old floor (S45) within 50 steps",
        edited(Setting.SOFTMAX, None, None, *at_boundary("softmax")),
    )


def _binary(case: Case) -> Remedy:
    head = _head(case)
    if case.keras:
        code = (
            f"outputs = layers.Dense(1)(x)  # {head}, without activation\n"
            "loss = keras.losses.BinaryCrossentropy(from_logits=True)\n"
            "model.compile(loss=loss, **rest)  # rest: as before"
        )
    else:
        code = (
            "loss_of = torch.nn.BCEWithLogitsLoss()\n"
            f"logits = model(images).squeeze(1)  # one raw output of {head}: no softmax, no "
            "sigmoid\n"
            "loss = loss_of(logits, labels.float())"
        )
    return Remedy(
        f"Give a yes-or-no loss the one raw output of {head}",
        case.framework,
        code,
        "probabilities have to be made by a sigmoid where they are wanted",
        "gradients are no longer zero (S59), and the loss falls",
        edited(Setting.SOFTMAX, None, None, *at_boundary("softmax")),
    )


def _each_by_itself(case: Case) -> Remedy:
    head = _head(case)
    if case.keras:
        code = (
            f'outputs = layers.Dense({_number(case, None)}, activation="sigmoid")(x)  # {head}\n'
            'model.compile(loss="binary_crossentropy", **rest)  # rest: as before'
        )
    else:
        code = (
            "loss_of = torch.nn.BCEWithLogitsLoss()\n"
            f"loss = loss_of(model(images), labels.float())  # each output of {head} by itself"
        )
    return Remedy(
        f"Ask each output of {head} by itself: yes or no for every label",
        case.framework,
        code,
        "an image can get no label, or all of them: choose a threshold",
        "the loss falls below that of guessing every label by its frequency",
    )


def _reaching(case: Case) -> Remedy:
    head, final = _head(case), _final(case)
    code = (
        f"outputs = layers.Dense({final.channels if final else 1})(x)  # {head}, without activation"
        if case.keras
        else f"answers = {head}(features)  # no sigmoid, no tanh behind it"
    )
    return Remedy(
        f"Take the activation behind {head} away, or bring the targets into its range",
        case.framework,
        code,
        "answers can lie outside of what is possible; clamp them where they are used",
        "the loss falls below the variance of the targets",
    )


def _crossed(case: Case) -> Remedy:
    return Remedy(
        f"Give the loss answers of {_head(case)} and targets of one shape",
        case.framework,
        "answers = model(images).squeeze(1)  # (N,), as the targets: not (N, 1)\n"
        "assert answers.shape == targets.shape",
        "nothing",
        "the answers tell images apart, and the loss falls below the variance of the targets",
    )


def _labels(case: Case) -> Remedy:
    if case.keras:
        code = (
            'model.compile(loss="sparse_categorical_crossentropy", **rest)  # for integer labels\n'
            "# or one-hot labels: labels = keras.utils.to_categorical(labels)"
        )
        title = "Use the sparse categorical cross-entropy for integer labels"
    else:
        code = "loss = torch.nn.functional.cross_entropy(logits, labels.long().flatten())"
        title = "Give the cross-entropy one integer label for each image"
    return Remedy(
        title,
        case.framework,
        code,
        "nothing",
        "the script gets past its first step, and the loss begins near ln(classes)",
    )
