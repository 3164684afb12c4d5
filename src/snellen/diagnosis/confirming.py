"""Putting a diagnosis to the proof: trials until the causes are ruled on or the time is spent."""

from __future__ import annotations

from collections.abc import Sequence

from snellen.causes import Case
from snellen.diagnosis.trying import Means, carry_out, length_for
from snellen.trials.campaign import Campaign
from snellen.trials.proof import Suspects
from snellen.trials.trial import Done


def confirm(
    case: Case, suspects: Suspects, means: Means, *, known: Sequence[Done] = ()
) -> tuple[list[Done], str]:
    """Make the trials that rule on these causes, most believed first; all results, and why it
    ended.

    `known` are results of an earlier call, which are not made again. Ends where enough is known
    (`settled`), where the next trial would not fit the budget (`budget`), or where there is nothing
    to try (`no trial`).
    """
    steps = length_for(case, means)
    campaign = Campaign(case, suspects, steps)
    if not campaign.decidable:
        return list(known), "no trial"
    # Results of other lengths do not compare.
    own = [one for one in known if one.trial.max_steps == steps]
    return carry_out(campaign.next, case, means, own, steps)
