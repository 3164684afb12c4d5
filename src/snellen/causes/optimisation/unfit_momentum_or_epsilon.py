"""C31 unfit-momentum-or-epsilon."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import numpy as np

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.change import Change, Edit, Setting, at_boundary
from snellen.causes.changing import edited
from snellen.causes.coding import optimizer_name, rate, usual_rate, written
from snellen.causes.measures.losses import losses
from snellen.causes.measures.steps import steps_taken
from snellen.causes.rewriting import made_anew
from snellen.record import Clock
from snellen.stats import WeightUpdate
from snellen.symptoms.optimiser import adaptive, epsilon
from snellen.symptoms.phases import number
from snellen.symptoms.wording import amount, percent

MOST_MOMENTUM = 0.97
"""0.9 is usual; 0.95 and, for large batches, 0.97 occur."""
MOST_EPSILON = 1e-2
"""1e-8 to 1e-3 are usual; RMSprop ran with 1 in Inception alone, at rates to match."""
LEAST_BETA2 = 0.85
MOST_BETA2 = 0.99995


class UnfitMomentumOrEpsilon(Cause):
    """A momentum, decay rate or epsilon of the optimiser far from where it works.

    ## How it shows
    Momentum m multiplies a steady step by 1 / (1 - m): at 0.99 a usual rate is a hundred times as
    large, and the loss swings about long after it overshot. An epsilon above the gradients' own
    size takes the adaptive optimiser's scaling away: all steps are tiny. A second moment that
    forgets in a few steps makes them erratic; one that never forgets, slow.

    ## What looks similar
    A learning rate too high (C20) or too low (C21) does the same with the usual options. Clipping
    too hard (C33) also makes small steps of large gradients.

    ## How to be sure
    Train again with the usual options (momentum 0.9; betas 0.9 and 0.999, epsilon 1e-8) at the same
    rate: the swings, or the standstill, are gone.

    ## References
    - Kingma and Ba, Adam: A Method for Stochastic Optimization, 2014,
      https://arxiv.org/abs/1412.6980
    - Choi et al., On Empirical Comparisons of Optimizers for Deep Learning, 2019,
      https://arxiv.org/abs/1910.05446
    - Goh, Why Momentum Really Works, 2017, https://distill.pub/2017/momentum/
    """

    code = "C31"
    name = "unfit-momentum-or-epsilon"
    since = "0.1"
    prior = 0.02
    explains = frozenset(
        f"S{number:02}" for number in (1, 6, 7, *range(15, 23), 25, 26, 43, 46, 48)
    )
    alike = ("C20", "C21", "C33", "C34")
    trial = "train again with the optimiser's usual options at the same learning rate"

    @clue(Group.CONFIGURATION, expected=(0.92, 0.015), decisive=True)
    def option_beyond_the_usual(self, case: Case) -> Sign:
        found = options(case)
        if found is None:
            return UNMEASURED
        odd = found.odd
        if odd:
            return sign(True, f"{optimizer_name(case)} runs with {odd[0]}")
        return sign(False, f"{optimizer_name(case)} runs with {found.sentence}")

    @clue(Group.GRADIENTS, expected=(0.5, 0.03))
    def epsilon_above_the_gradients(self, case: Case) -> Sign:
        if not adaptive(case.subject) or options(case) is None:
            return UNMEASURED
        size = _gradient_rms(case)
        if not np.isfinite(size):
            return UNMEASURED
        own = epsilon(case.subject)
        said = (
            f"gradients have a root mean square of {amount(size)} in the median layer, and epsilon "
            f"is {written(own)}"
        )
        return sign(own > size > 0, said)

    @clue(Group.LOSS, expected=(0.4, 0.2))
    def loss_swings_or_leaps(self, case: Case) -> Sign:
        seen = losses(case)
        if seen is None or not (np.isfinite(seen.roughness) or np.isfinite(seen.spike)):
            return UNMEASURED
        parts = [
            f"swings by {percent(seen.roughness)} about its trend in the second half"
            if np.isfinite(seen.roughness)
            else "",
            f"rose to {amount(seen.spike)} times its start" if np.isfinite(seen.spike) else "",
        ]
        said = f"the loss {' and '.join(part for part in parts if part)}"
        return sign(seen.roughness > 0.15 or seen.spike > 2, said)

    @clue(Group.UPDATES, expected=(0.45, 0.15))
    def steps_tiny_or_huge_at_a_usual_rate(self, case: Case) -> Sign:
        taken, used = steps_taken(case), rate(case)
        if taken is None or used is None:
            return UNMEASURED
        said = (
            f"the layer that moved most changed by {percent(taken.largest)} of its size a step at "
            f"a learning rate of {written(used)}"
        )
        usual = 0.1 < used / usual_rate(case) < 10
        return sign(usual and not 2e-4 < taken.largest < 0.03, said)

    @clue(Group.CONFIGURATION, expected=(0.1, 0.35))
    def rate_itself_is_odd(self, case: Case) -> Sign:
        used = rate(case)
        if used is None:
            return UNMEASURED
        usual = usual_rate(case)
        said = f"the learning rate is {written(used)} (usually about {written(usual)})"
        return sign(not 0.05 <= used / usual <= 8, said)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        found = options(case)
        if not adaptive(case.subject):
            own = found.momentum if found is not None else float("nan")
            was = own if np.isfinite(own) else None
            yield Remedy(
                "Set the momentum to 0.9" + (f" instead of {was:g}" if was else ""),
                case.framework,
                made_anew(case, momentum=0.9),
                "nothing; if the loss now falls too slowly, raise the learning rate",
                "the loss no longer swings (S20), and maps settle (S18)",
                edited(Setting.MOMENTUM, 0.9, was, *at_boundary("optimiser")),
            )
            return
        usual: dict[str, Any] = {"eps": 1e-7 if case.keras else 1e-8}
        # Keras' own defaults are these already.
        if not case.keras and "adam" in optimizer_name(case).lower():
            usual["betas"] = (0.9, 0.999)
        odd = found.odd[0] if found is not None and found.odd else ""
        yield Remedy(
            f"Set epsilon to {written(usual['eps'])} and the betas to their defaults"
            + (f" ({odd} now)" if odd else ""),
            case.framework,
            made_anew(case, momentum=None, **usual),
            "nothing; steps become as large as the learning rate says, so watch the first ones",
            "weights change by 0.01% to 1% a step, and the loss falls",
            _usual(found, float(usual["eps"])),
        )


@dataclass(frozen=True)
class Options:
    """The optimiser's options beside its rate; NaN where there is none of the kind."""

    momentum: float
    beta1: float
    beta2: float
    epsilon: float
    """Of adaptive optimisers; else NaN."""

    @property
    def odd(self) -> list[str]:
        """Clauses on those beyond the usual."""
        found: list[str] = []
        if self.momentum > MOST_MOMENTUM:
            found.append(f"a momentum of {self.momentum:g} (usual: 0.9)")
        if self.epsilon >= MOST_EPSILON:
            found.append(f"an epsilon of {written(self.epsilon)} (usual: 1e-8 to 1e-3)")
        if self.epsilon == 0:
            found.append("an epsilon of 0, which divides by zero where a gradient is zero")
        if self.beta1 > MOST_MOMENTUM:
            found.append(f"a first beta of {self.beta1:g} (usual: 0.9)")
        if self.beta2 < LEAST_BETA2 or self.beta2 > MOST_BETA2:
            found.append(f"a second beta of {self.beta2:g} (usual: 0.99 to 0.999)")
        return found

    @property
    def sentence(self) -> str:
        named = {
            "a momentum": self.momentum,
            "a first beta": self.beta1,
            "a second beta": self.beta2,
            "an epsilon": self.epsilon,
        }
        kept = [f"{name} of {value:g}" for name, value in named.items() if np.isfinite(value)]
        return ", ".join(kept) + ", as is usual" if kept else "no option beyond the usual"


def _usual(found: Options | None, eps: float) -> Change:
    """Those options that are not the usual ones already."""
    edits: list[Edit] = []
    if found is not None and found.epsilon != eps:
        edits.append(Edit(Setting.EPSILON, eps, found.epsilon))
    if found is not None and np.isfinite((found.beta1, found.beta2)).all():
        betas = [found.beta1, found.beta2]
        edits += [] if betas == [0.9, 0.999] else [Edit(Setting.BETAS, [0.9, 0.999], betas)]
    return Change(at_boundary("optimiser"), tuple(edits))


@lru_cache(maxsize=8)
def options(case: Case) -> Options | None:
    """`None` where no optimiser is known."""
    subject = case.subject
    if not subject.facts.get("optimizer"):
        return None
    nan = float("nan")
    betas: Any = subject.facts.get("betas")
    first, second = number(subject, "beta_1"), number(subject, "beta_2")
    if isinstance(betas, list | tuple):
        pair = [
            float(b) if isinstance(b, int | float) else nan for b in cast("Sequence[Any]", betas)
        ]
        first, second = [*pair, nan, nan][:2]
    momentum = number(subject, "momentum")
    return Options(
        nan if momentum is None else momentum,
        nan if first is None else first,
        nan if second is None else second,
        epsilon(subject) if adaptive(subject) else nan,
    )


def _gradient_rms(case: Case) -> float:
    """Median over hidden layers and steps seen; NaN without any."""
    sizes = [
        entry.value.gradient_rms
        for layer in case.hidden
        for entry in case.subject.history(layer.name, WeightUpdate, "", Clock.INLINE)
        if np.isfinite(entry.value.gradient_rms)
    ]
    return float(np.median(sizes)) if sizes else float("nan")
