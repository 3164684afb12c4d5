"""Many tests find something by chance: the share of false discoveries is limited per family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from snellen.symptoms._symptom import Healthy, Opinion, Suspicion, Symptom, Unjudged


def family(symptom: Symptom | type[Symptom]) -> str:
    """The family that a symptom belongs to: the package it lives in, `activation`."""
    kind = symptom if isinstance(symptom, type) else type(symptom)
    parts = kind.__module__.split(".")
    return parts[2] if len(parts) > 3 else parts[-1]


def controlled(
    opinions: Mapping[Symptom, Sequence[Opinion]], share: float
) -> dict[Symptom, list[Opinion]]:
    """The same opinions, with suspicions that rest on a test and don't stand turned into healthy.

    Over all tests of one family, those with a p-value among suspicions and healthy opinions alike,
    Benjamini and Hochberg's procedure (1995) keeps the expected share of false ones among the
    suspicions that stand under `share`. It holds for independent and for positively dependent
    tests, as neighbouring layers are. Opinions without a p-value are left as they are.
    """
    families: dict[str, list[tuple[Symptom, int, float]]] = {}
    for symptom, given in opinions.items():
        for number, opinion in enumerate(given):
            p = p_of(opinion)
            if p is not None:
                families.setdefault(family(symptom), []).append((symptom, number, p))
    result = {symptom: list(given) for symptom, given in opinions.items()}
    for tests in families.values():
        stand = adjusted([p for _, _, p in tests]) <= share
        for (symptom, number, p), stands in zip(tests, stand, strict=True):
            opinion = result[symptom][number]
            if isinstance(opinion, Suspicion) and not stands:
                result[symptom][number] = Healthy(opinion.layer, opinion.images, opinion.at, p)
    return result


def adjusted(p_values: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Benjamini and Hochberg's adjusted p-values, in the order given; `()` for none."""
    if not len(p_values):
        return np.zeros(0)
    from scipy.stats import false_discovery_control

    adjusted_values: np.ndarray[tuple[int], np.dtype[np.float64]] = false_discovery_control(
        np.clip(np.asarray(p_values, np.float64), 0.0, 1.0)
    )
    return adjusted_values


def p_of(opinion: Opinion) -> float | None:
    """Its p-value; `None` where it rests on no test, or on one that came to no number."""
    if isinstance(opinion, Unjudged) or opinion.p_value is None or np.isnan(opinion.p_value):
        return None
    return opinion.p_value
