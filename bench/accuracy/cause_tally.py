"""How often the true cause stands first: the arithmetic over runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from bench.accuracy.causes import named, rank, ranking
from bench.accuracy.tally import Share
from bench.accuracy.work import Result
from snellen.causes import Weights, catalogue

NOTHING = "nothing to explain"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Ranked:
    """One run with its ranking."""

    result: Result
    order: tuple[tuple[str, float], ...]
    """Codes and beliefs, best first; empty where nothing was to explain, as where there was nothing
    to judge."""

    @property
    def true(self) -> tuple[str, ...]:
        return self.result.case.truth.causes

    @property
    def rank(self) -> int | None:
        return rank(self.order, self.true)

    @property
    def family(self) -> str:
        """Of the first of the true causes."""
        return catalogue()[self.true[0]].family()

    @property
    def answer(self) -> str:
        """What stands first: a code, `UNKNOWN` or `NOTHING`."""
        if not self.order:
            return NOTHING
        code, belief = self.order[0]
        return code if belief >= 0.2 else UNKNOWN


def ranked(results: Iterable[Result], weights: Weights) -> list[Ranked]:
    """Every run that could be judged or should have been."""
    return [
        Ranked(result, tuple(ranking(result.signs or (), weights)))
        for result in results
        if result.case.truth.kind in ("faulty", "healthy")
    ]


def with_causes(runs: Iterable[Ranked], *, held_out: bool) -> list[Ranked]:
    """Faulty runs whose cause is on record, of one half of the gallery.

    A harmless oddity, of which the truth demands no more than a note, has nothing to explain and is
    left out.
    """
    return [
        run
        for run in runs
        if run.true and run.result.case.truth.held_out is held_out and not _harmless(run)
    ]


def _harmless(run: Ranked) -> bool:
    truth = run.result.case.truth
    return bool(truth.must) and all(expected.severity == "note" for expected in truth.must)


@dataclass(frozen=True)
class Places:
    """Where true causes stood."""

    first: Share
    among_three: Share
    mean_reciprocal_rank: float | None


def places(runs: list[Ranked]) -> Places:
    ranks = [run.rank for run in runs]
    first = sum(r == 1 for r in ranks)
    three = sum(r is not None and r <= 3 for r in ranks)
    mean = sum(1 / r for r in ranks if r is not None) / len(ranks) if ranks else None
    return Places(Share(first, len(ranks)), Share(three, len(ranks)), mean)


def healthy_blamed(runs: Iterable[Ranked]) -> Share:
    """Healthy runs with at least one cause that a report would name."""
    healthy = [run for run in runs if run.result.case.truth.kind == "healthy"]
    healthy = [run for run in healthy if run.result.findings is not None]
    return Share(sum(bool(named(run.order)) for run in healthy), len(healthy))


def confusion(runs: Iterable[Ranked]) -> Counter[tuple[str, str]]:
    """Runs by the first of the true causes (the one answered, where it is among them) and by the
    answer."""
    pairs: Counter[tuple[str, str]] = Counter()
    for run in runs:
        true = run.answer if run.answer in run.true else run.true[0]
        pairs[true, run.answer] += 1
    return pairs
