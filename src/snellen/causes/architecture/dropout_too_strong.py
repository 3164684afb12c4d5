"""C25 dropout-too-strong."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite, prod

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.change import Change, Setting, at_boundary
from snellen.causes.changing import edited
from snellen.causes.coding import written
from snellen.causes.measures.deaths import MANY, deaths
from snellen.causes.measures.losses import losses
from snellen.causes.measures.modes import dropout_rates, modes
from snellen.symptoms.answers import gap, training_score
from snellen.symptoms.wording import amount, count, percent

STRONG = 0.6
"""Rate beyond which hardly any published network goes; 0.5 before a dense layer is common."""
LITTLE_KEPT = 0.2
"""Share of the values left behind all dropouts, one after the other."""
MOST_LINES = 12


class DropoutTooStrong(Cause):
    """So much is dropped in training that what is left can't be learnt from.

    ## How it shows
    The training loss stays far above the one of the same images in evaluation, where nothing is
    dropped: what the network knows it may not use while it trains. At the extreme it learns
    nothing. Nothing is dead, and held-out images are answered no worse than training images.

    ## What looks similar
    Strong augmentation (C35) also makes training images harder than those in evaluation. A network
    too small (C12) is as bad in evaluation. Unfit normalisation (C19) makes evaluation worse,
    where dropout makes it better. Too few steps (C28): strong dropout also slows learning.

    ## How to be sure
    Train again with all rates at 0.1: the training loss falls far below what it was.

    ## References
    - Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, 2014,
      https://jmlr.org/papers/v15/srivastava14a.html
    - Li et al., Understanding the Disharmony between Dropout and Batch Normalization by Variance
      Shift, 2018, https://arxiv.org/abs/1801.05134
    """

    code = "C25"
    name = "dropout-too-strong"
    since = "0.1"
    prior = 0.03
    explains = frozenset(("S48", "S20", "S35", "S46", "S23", "S18", "S15", "S17", "S16"))
    alike = ("C35", "C12", "C19", "C28")
    trial = "train again with all dropout rates at 0.1"

    @clue(Group.CONFIGURATION, expected=(0.9, 0.01), decisive=True)
    def rate_beyond_the_usual(self, case: Case) -> Sign:
        rates = dropout_rates(case)
        if not rates:
            # Dropout that is called as a function is not seen.
            return sign(False, "the network has no dropout layer", reliability=0.7)
        name = max(rates, key=lambda one: rates[one])
        said = f"{name} drops {percent(rates[name])} of what it reads (usual: at most 50%)"
        return sign(rates[name] > STRONG, said)

    @clue(Group.CONFIGURATION, expected=(0.7, 0.03))
    def little_gets_through(self, case: Case) -> Sign:
        rates = dropout_rates(case)
        if not rates:
            return UNMEASURED
        kept = prod(1 - rate for rate in rates.values())
        said = (
            f"{count(len(rates), 'dropout')} in all, which together let {percent(kept)} of the "
            "values pass"
        )
        return sign(kept < LITTLE_KEPT, said)

    @clue(Group.MODES, expected=(0.8, 0.12))
    def training_is_harder_than_evaluation(self, case: Case) -> Sign:
        seen = modes(case)
        if seen is None:
            return UNMEASURED
        said = (
            f"the training loss ended at {amount(seen.training)}; in evaluation the loss on "
            f"training images is {amount(seen.evaluation)}"
        )
        harder = seen.ratio > 1.5 and seen.training > 0.1
        ended = losses(case)
        if not harder and ended is not None and ended.left > 0.9:
            # Nothing was learnt in either mode that the two could differ by.
            return UNMEASURED
        return sign(harder, said)

    @clue(Group.MODES, expected=(0.5, 0.08))
    def answers_better_than_the_loss_says(self, case: Case) -> Sign:
        seen, own = losses(case), training_score(case.subject)
        if seen is None or own is None or not isfinite(seen.left):
            return UNMEASURED
        said = (
            f"{percent(max(seen.left, 0.0))} of the training loss is left, though recall on "
            f"training images is {own.value:.2f} in evaluation"
        )
        return sign(seen.left > 0.3 and own.skill > 1 - seen.left + 0.1, said)

    @clue(Group.LOSS, expected=(0.85, 0.55))
    def loss_stays_high(self, case: Case) -> Sign:
        seen = losses(case)
        if seen is None or not np.isfinite(seen.left):
            return UNMEASURED
        said = (
            f"the training loss ended at {amount(seen.end)}, {percent(max(seen.left, 0.0))} of the "
            "way from its floor to guessing"
        )
        return sign(seen.left > 0.2, said)

    @clue(Group.CLASSES, expected=(0.03, 0.2))
    def training_images_known_by_heart(self, case: Case) -> Sign:
        between = gap(case.subject, at_least=50)
        if between is None:
            return UNMEASURED
        said = (
            f"macro recall is {between.training.value:.2f} on training images and "
            f"{between.held_out.value:.2f} on held-out ones"
        )
        return sign(between.surely > 0.1, said)

    @clue(Group.ACTIVITY, expected=(0.08, 0.3))
    def channels_are_dead(self, case: Case) -> Sign:
        seen = deaths(case)
        if seen is None:
            return UNMEASURED
        said = f"{percent(seen.last)} of the rectified channels are silent at the end"
        return sign(seen.last > MANY, said)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        rates = dropout_rates(case)
        strong = {n: r for n, r in rates.items() if r > 0.3} or rates
        lines = [_weaker(case, name) for name in list(strong)[:MOST_LINES]]
        if not lines:
            lines.append("x = layers.Dropout(0.1)(x)" if case.keras else "drop = nn.Dropout(0.1)")
        largest = max(strong.values(), default=0.0)
        names = ", ".join(list(strong)[:4])
        yield Remedy(
            f"Lower the rate of {names} from {written(largest)} to 0.1"
            if strong
            else "Lower the dropout rates to 0.1",
            case.framework,
            "\n".join(lines),
            "less regularisation: watch the gap between training and held-out images",
            "the training loss comes near the one in evaluation, and both fall",
            _weakened(strong),
        )


def _weakened(strong: dict[str, float]) -> Change | None:
    """Every rate that is too strong, at 0.1; at the boundary all are scaled by one factor."""
    if not strong:
        return None
    factor = float(f"{0.1 / max(strong.values()):.2g}")
    was = sorted(set(strong.values()))
    return edited(Setting.DROPOUT, 0.1, was, *at_boundary("dropout", factor=factor))


def _weaker(case: Case, name: str) -> str:
    if case.keras:
        return f"x = layers.Dropout(0.1)(x)  # instead of {name}"
    parts = name.split(".")
    if all(p.isdigit() or p.isidentifier() for p in parts):
        held = "".join(f"[{p}]" if p.isdigit() else f".{p}" for p in parts)
        return f"model{held}.p = 0.1"
    return f"drop = nn.Dropout(0.1)  # instead of {name}"
