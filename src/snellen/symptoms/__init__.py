"""The catalogue: every symptom in this package, found by walking it; and the judgement over all of
them.

To add a symptom, add one file under the family it belongs to. There is no list to edit.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache

from snellen.core import Clear, Finding, Strictness, Undecided, Verdict
from snellen.record import RunContents
from snellen.settings import Settings
from snellen.symptoms._symptom import Healthy as Healthy
from snellen.symptoms._symptom import Opinion as Opinion
from snellen.symptoms._symptom import Suspicion as Suspicion
from snellen.symptoms._symptom import Symptom as Symptom
from snellen.symptoms._symptom import Unjudged as Unjudged
from snellen.symptoms._symptom import threshold as threshold
from snellen.symptoms.baseline import Baseline as Baseline
from snellen.symptoms.configured import configured as _configured
from snellen.symptoms.discoveries import controlled
from snellen.symptoms.discoveries import family as family
from snellen.symptoms.gates import Circumstances, verdicts
from snellen.symptoms.outcome import Outcome as Outcome
from snellen.symptoms.outcome import outcome as outcome
from snellen.symptoms.phases import timeline
from snellen.symptoms.rivals import adversarial


@cache
def catalogue() -> dict[str, type[Symptom]]:
    """Every symptom class by code, in code order."""
    for module in pkgutil.walk_packages(__path__, prefix=f"{__name__}."):
        importlib.import_module(module.name)
    ours = (s for s in Symptom.__subclasses__() if s.__module__.startswith(f"{__name__}."))
    return {symptom.code: symptom for symptom in sorted(ours, key=lambda symptom: symptom.code)}


def configured(
    *,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    thresholds: Mapping[str, float] | None = None,
) -> list[Symptom]:
    """The symptoms of the catalogue that are selected and not ignored, with these thresholds; see
    `configured.py`. Raises `ChoiceError` for a name that is none."""
    kinds = catalogue().values()
    return _configured(kinds, select=select, ignore=ignore, thresholds=thresholds)


def judge(
    contents: RunContents,
    *,
    symptoms: Iterable[Symptom] | None = None,
    strictness: Strictness = Strictness.NORMAL,
) -> list[Verdict]:
    """Every symptom's verdicts on every subject of the run, through the gates.

    Findings come first, worst first and then in the order of the layers; after them what could not
    be judged, and what was found healthy. `symptoms`: the configured ones; all with their defaults
    if not given.
    """
    chosen = [s() for s in catalogue().values()] if symptoms is None else list(symptoms)
    found: list[tuple[tuple[int, ...], Verdict]] = []
    endings = outcomes(contents, strictness)
    for number, subject in enumerate(contents.subjects):
        here = Circumstances(subject, endings[subject.name], timeline(subject), strictness)
        order = {layer.name: layer.index for layer in subject.layers}
        given = {symptom: list(symptom.opinions(subject)) for symptom in chosen}
        for symptom, opinions in controlled(given, strictness.false_discoveries).items():
            for verdict in verdicts(symptom, opinions, here):
                layer = order.get(verdict.place.layer, -1)
                found.append(((_group(verdict), number, layer), verdict))
    return [verdict for _, verdict in sorted(found, key=lambda pair: pair[0])]


def judge_with(contents: RunContents, settings: Settings) -> tuple[list[Verdict], int]:
    """The verdicts under these settings, and how many findings their baseline has accepted.

    Raises `ChoiceError` for a symptom or threshold that does not exist, and `BaselineError` for a
    baseline that can't be read.
    """
    chosen = configured(
        select=settings.select, ignore=settings.ignore, thresholds=settings.thresholds
    )
    verdicts = judge(contents, symptoms=chosen, strictness=settings.strictness)
    if settings.baseline is None:
        return verdicts, 0
    return Baseline.read(settings.baseline).without(verdicts)


def outcomes(
    contents: RunContents, strictness: Strictness = Strictness.NORMAL
) -> dict[str, Outcome]:
    """How each subject's training turned out, by the subject's name."""
    rivals = adversarial(contents)
    return {
        s.name: outcome(s, adversarial=s.name in rivals, strictness=strictness)
        for s in contents.subjects
    }


def _group(verdict: Verdict) -> int:
    """Worse findings before milder ones, then the undecided, then the clear."""
    match verdict:
        case Finding():
            return 2 - verdict.severity.rank
        case Undecided():
            return 3
        case Clear():
            return 4
