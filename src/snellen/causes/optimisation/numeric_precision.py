"""C27 numeric-precision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.measures.filters import growth
from snellen.causes.measures.losses import losses
from snellen.causes.measures.steps import largest_drift
from snellen.symptoms.activation.non_finite_origin import Origin, SkippedSteps
from snellen.symptoms.facts import record, text, whole
from snellen.symptoms.outcome import first_of, non_finite_facts, training_loss
from snellen.symptoms.wording import amount, percent

HALF = ("float16", "mixed_float16", "half", "fp16")
LARGE = 1e4
"""Magnitude of a map from which on half precision (65,504) and squares in float32 are near."""
SOON = 20
"""Steps within which values that were always wrong show."""


class NumericPrecision(Cause):
    """A number that its format can't hold: the logarithm of zero, a division by zero, an overflow
    of half precision.

    ## How it shows
    From one step to the next the loss is NaN or infinite, while nothing had grown before: maps,
    weights and losses were of a usual size. The first value that is not finite was computed from
    finite ones, in a logarithm, a root or a division, often at the very first step. Under half
    precision gradients overflow again and again, and their steps are skipped.

    ## What looks similar
    A learning rate too high (C20) ends in NaN as well, but values grow over many steps before. NaN
    in the images (C04) enter from outside: there the input itself is not finite. Large initial
    weights (C10) overflow by size alone.

    ## How to be sure
    Train again in float32, with the loss computed from logits: the loss stays finite. Divided by
    10, the learning rate changes nothing.

    ## References
    - Micikevicius et al., Mixed Precision Training, 2017, https://arxiv.org/abs/1710.03740
    - Blanchard, Higham and Higham, Accurately computing the log-sum-exp and softmax functions,
      2021, https://doi.org/10.1093/imanum/draa038
    """

    code = "C27"
    name = "numeric-precision"
    since = "0.1"
    prior = 0.03
    explains = frozenset(("S06", "S11", "S20", "S46", "S18", "S59", "S01", "S04", "S05"))
    alike = ("C20", "C10", "C04")
    trial = "train again in float32 with the loss computed from logits"

    @clue(Group.LOSS, expected=(0.9, 0.1))
    def values_are_not_finite(self, case: Case) -> Sign:
        seen = losses(case)
        bad = case.findings("S06")
        if bad:
            return sign(True, bad[0].evidence.sentence())
        if seen is None:
            return UNMEASURED
        if seen.non_finite:
            return sign(True, "the training loss was NaN or infinite")
        return sign(False, "the training loss was finite throughout")

    @clue(Group.TIMELINE, expected=(0.85, 0.05))
    def fell_from_a_usual_size(self, case: Case) -> Sign:
        origin = _origin(case)
        if origin is None:
            return UNMEASURED
        before = _largest_loss_before(case)
        start = _first_loss(case)
        known = np.isfinite(before) and np.isfinite(start) and start > 0
        calm = not np.isfinite(origin.largest) or origin.largest < LARGE
        said = (
            f"values stopped being finite at step {origin.step}; before, the loss was at most "
            f"{amount(before)} (at the start {amount(start)})"
            if known
            else f"values were not finite from step {origin.step} on, with no loss before"
        )
        return sign(calm and (before <= 5 * start if known else origin.step <= SOON), said)

    @clue(Group.TIMELINE, expected=(0.55, 0.03))
    def computed_from_finite_values(self, case: Case) -> Sign:
        first = next((e for e in _culprits(case) if text(e, "part") != "weights"), None)
        whole_list = non_finite_facts(case.subject)
        if not whole_list:
            return UNMEASURED
        broken = [e for e in whole_list if text(e, "part") == "weights"]
        if first is None or (broken and broken[0].get("inputs_finite") is True):
            return sign(False, "weights, gradients or images were not finite first")
        what = text(first, "tensor") or "a layer"
        said = f"{what} was not finite at step {first.get('step')} though all it reads was"
        if any(text(e, "tensor") == "input" for e in whole_list):
            return sign(False, "the images themselves were not finite")
        return sign(True, said)

    @clue(Group.CONFIGURATION, expected=(0.35, 0.02))
    def half_precision(self, case: Case) -> Sign:
        policy, scaling = (
            case.subject.facts.get("dtype_policy"),
            record(case.subject, "loss_scaling"),
        )
        if not isinstance(policy, str) and not scaling:
            return UNMEASURED
        said = f"the precision is {policy or 'mixed, with a loss scaler'}"
        return sign(bool(scaling) or (isinstance(policy, str) and policy in HALF), said)

    @clue(Group.GRADIENTS, expected=(0.2, 0.02))
    def steps_were_skipped(self, case: Case) -> Sign:
        if not case.judged("S06"):
            return UNMEASURED
        bad = [f for f in case.findings("S06") if isinstance(f.evidence, SkippedSteps)]
        if bad:
            return sign(True, bad[0].evidence.sentence())
        return sign(False, "no gradient overflowed while the loss was finite")

    @clue(Group.CONFIGURATION, expected=(0.4, 0.15))
    def loss_of_probabilities(self, case: Case) -> Sign:
        loss = record(case.subject, "loss")
        if not loss:
            return UNMEASURED
        name, expects = text(loss, "name"), text(loss, "expects")
        said = f"the loss is {name or 'of the script'}, computed from {expects or 'values'}"
        return sign(expects in ("probabilities", "log-probabilities") or name == "other", said)

    @clue(Group.WEIGHTS, expected=(0.08, 0.3))
    def everything_grew(self, case: Case) -> Sign:
        seen, spread = losses(case), growth(case)
        if seen is None:
            return UNMEASURED
        before, start = _largest_loss_before(case), _first_loss(case)
        filters = spread.median if spread is not None else float("nan")
        if not (np.isfinite(before) and np.isfinite(start) and start > 0):
            return UNMEASURED
        said = f"the loss rose from {amount(start)} to at most {amount(before)} while it was finite"
        if np.isfinite(filters):
            said += f", and filters to {amount(filters)} times their size in the median"
        return sign(before > 5 * start or filters > 3, said)

    @clue(Group.UPDATES, expected=(0.12, 0.35))
    def first_steps_shift_the_maps(self, case: Case) -> Sign:
        drift = largest_drift(case)
        if drift is None:
            return UNMEASURED
        said = (
            f"step {drift.step} shifted the median pre-activation of {drift.layer} by "
            f"{amount(drift.size)} standard deviations"
        )
        return sign(drift.size > 3, said, "S22")

    def remedies(self, case: Case) -> Iterable[Remedy]:
        policy = case.subject.facts.get("dtype_policy")
        half = (isinstance(policy, str) and policy in HALF) or bool(
            record(case.subject, "loss_scaling")
        )
        if half:
            yield _wider(case)
        origin = _origin(case)
        if origin is not None and origin.tensor not in ("loss", "input", ""):
            yield _guarded(case, origin)
            yield _from_logits(case)
        else:
            yield _from_logits(case)
            yield _guarded(case, origin)
        if not half and not case.keras:
            yield _scaled()


def _origin(case: Case) -> Origin | None:
    kept = [f.evidence for f in case.findings("S06") if isinstance(f.evidence, Origin)]
    return kept[0] if kept else None


def _culprits(case: Case) -> list[Mapping[str, Any]]:
    return [e for e in non_finite_facts(case.subject) if e.get("inputs_finite") is True]


def _first_loss(case: Case) -> float:
    series = training_loss(case.subject)
    return first_of(series) if series is not None else float("nan")


def _largest_loss_before(case: Case) -> float:
    """The largest finite loss before the first that was none; NaN without any."""
    series = training_loss(case.subject)
    if series is None or not len(series.values):
        return float("nan")
    bad = np.flatnonzero(~np.isfinite(series.values))
    kept = series.values[: bad[0]] if len(bad) else series.values
    return float(kept.max()) if len(kept) else float("nan")


def _from_logits(case: Case) -> Remedy:
    classes = whole(case.subject, "classes") or next(
        (x.channels for x in case.weighted if x.head), 2
    )
    if case.keras:
        kind = "Binary" if classes == 1 else "SparseCategorical"
        code = (
            f"x = layers.Dense({classes})(x)  # without an activation\n"
            f"loss = keras.losses.{kind}Crossentropy(from_logits=True)"
        )
    elif classes == 1:
        code = "loss = nn.functional.binary_cross_entropy_with_logits(logits, labels)"
    else:
        code = "loss = nn.functional.cross_entropy(logits, labels)  # no softmax, no log before"
    return Remedy(
        "Compute the loss from logits, so that no logarithm of zero is taken",
        case.framework,
        code,
        "nothing; where probabilities are wanted, take the softmax after the loss",
        "the loss stays finite",
    )


def _guarded(case: Case, origin: Origin | None) -> Remedy:
    where = origin.tensor if origin is not None and origin.tensor else "the loss"
    code = (
        "x = keras.ops.log(keras.ops.maximum(x, 1e-6))"
        if case.keras
        else "x = torch.log(x.clamp_min(1e-6))"
    )
    return Remedy(
        f"Keep logarithms, roots and divisions before {where} away from zero",
        case.framework,
        code + "  # likewise roots, and what is divided by",
        "values below the limit are all alike",
        f"{where} holds no NaN and no infinity (S06)",
    )


def _wider(case: Case) -> Remedy:
    if case.keras:
        code = (
            'keras.mixed_precision.set_global_policy("mixed_bfloat16")  # before the layers\n'
            'outputs = layers.Activation("softmax", dtype="float32")(x)  # the answer in float32'
        )
    else:
        code = (
            'with torch.autocast("cuda", dtype=torch.bfloat16):\n'
            "    logits = model(images)\n"
            "loss = nn.functional.cross_entropy(logits.float(), labels)"
        )
    return Remedy(
        "Take bfloat16 instead of float16, and compute the loss in float32",
        case.framework,
        code,
        f"{percent(2**-8)} rounding instead of {percent(2**-11)}; needs hardware that has it",
        "no gradient overflows (S06)",
    )


def _scaled() -> Remedy:
    return Remedy(
        "Where float16 is used, scale the loss",
        "torch",
        'scaler = torch.amp.GradScaler("cuda")\n'
        "scaler.scale(loss).backward()\n"
        "scaler.step(optimizer)\n"
        "scaler.update()",
        "a skipped step now and then",
        "few steps are skipped, fewer and fewer in time",
    )
