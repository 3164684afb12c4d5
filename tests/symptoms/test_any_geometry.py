"""Whatever a structure and its measurements hold or lack, geometry and normalisation are judged."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from snellen.core import Finding, Layer, LayerKind, Window, WindowKind
from snellen.record import Clock, Subject
from snellen.stats import (
    ConstantResponse,
    EffectiveField,
    ModeGap,
    NormalisationState,
    ShiftResponse,
    SpatialProfile,
)
from snellen.symptoms import catalogue, judge
from symptoms.build import answers, conv, head, labels, run, subject
from symptoms.geometric import (
    FLATTEN,
    GLOBAL,
    chain,
    max_pool,
    mean_pool,
    sliding,
    transposed,
)
from symptoms.richer import class_features, image_answers

OURS = [f"S{number}" for number in range(27, 38)]
NUMBERS = [0.0, 1e-12, 0.3, 1.0, 30.0, -1.0, np.inf, np.nan]
SIZES: list[tuple[int, ...]] = [(), (1, 1), (2, 2), (8, 8), (16, 16), (7, 9), (8,), (4, 4, 4)]


class Dice:
    """A network of any layers on any grid, with any numbers measured."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.image = self.one_of([8, 16, 32])

    def one_of(self, options: Any) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def number(self) -> float:
        return float(self.one_of(NUMBERS))

    def numbers(self, size: int | None = None) -> Any:
        length = self.one_of([0, 8]) if size is None else size
        return np.array([self.number() for _ in range(length)])

    def window(self) -> Window:
        def sizes(*options: int) -> tuple[int, ...]:
            return self.one_of([(), (self.one_of(options),) * self.one_of([1, 2, 3])])

        return Window(
            self.one_of(list(WindowKind)),
            sizes(0, 1, 3, 4),
            sizes(0, 1, 2, 5),
            sizes(0, 1, 2),
            sizes(-1, 0, 1, 9),
            sizes(-1, 0, 1, 9),
            self.one_of(SIZES),
        )

    def proper(self) -> tuple[Layer, ...]:
        """A chain that fits together, of which at most one layer is broken."""
        kinds = [
            lambda: sliding(3),
            lambda: sliding(1, 4, padding=0),
            lambda: sliding(3, padding=5),
            lambda: transposed(3, 2, 1),
            lambda: max_pool(3),
            lambda: mean_pool(5),
        ]
        steps = [sliding(3), *(self.one_of(kinds)() for _ in range(4))]
        last = self.one_of([GLOBAL, FLATTEN, None])
        try:
            made = chain(self.image, *steps, last=last)
        except ZeroDivisionError:
            return ()
        if any(min(x.positions, default=1) < 1 for x in made):
            return ()
        if self.rng.random() < 0.3:
            broken = int(self.rng.integers(len(made)))
            changes = self.one_of([{"window": None}, {"paths": ()}, {"positions": (3, 3)}])
            made = tuple(replace(x, **changes) if x is made[broken] else x for x in made)
        return made

    def layers(self) -> tuple[Layer, ...]:
        if self.rng.random() < 0.6:
            return self.proper()
        made: list[Layer] = []
        for i in range(int(self.rng.integers(0, 6))):
            inputs = self.one_of([(), (f"layer{i - 1}",), ("unheard-of",), ("layer0", "layer1")])
            paths = [
                tuple(self.window() for _ in range(self.rng.integers(0, 3)))
                for _ in range(self.one_of([0, max(len(inputs), 1)]))
            ]
            made.append(
                conv(
                    f"layer{i}",
                    index=i,
                    kind=self.one_of(list(LayerKind)),
                    inputs=inputs,
                    paths=tuple(paths),
                    window=self.one_of([None, self.window()]),
                    positions=self.one_of(SIZES),
                    normalised=bool(self.rng.random() < 0.5),
                    weight_shape=self.one_of([(), (8, 8, 3, 3), (10, 40_000)]),
                    head=bool(self.rng.random() < 0.2),
                )
            )
        return (*made, head(inputs=(f"layer{len(made) - 1}",), paths=((self.window(),),)))

    def profile(self) -> SpatialProfile:
        periods = self.one_of([0, 2])
        channels = self.one_of([0, 8])
        return SpatialProfile(
            self.one_of([0, 320]),
            self.one_of([0, 1, 16]),
            self.one_of([0, 1, 16]),
            *(self.numbers(channels) for _ in range(5)),
            np.array([2, 4][:periods]),
            np.array([self.numbers(channels) for _ in range(periods)]).reshape(periods, channels),
            self.numbers(channels),
        )

    def shifts(self) -> ShiftResponse:
        count = self.one_of([0, 1, 4])
        share = np.clip(self.numbers(count), 0, 1)
        return ShiftResponse(self.one_of([0, 400]), np.arange(1, count + 1), share, True)

    def state(self) -> NormalisationState:
        channels = self.one_of([0, 8])
        means = [self.numbers(channels) for _ in range(2)]
        variances = [np.abs(self.numbers(channels)) for _ in range(2)]
        ones = np.ones(channels)
        kept = self.one_of([0.99, 0.9, 0.0, np.nan])
        return NormalisationState(
            means[0], variances[0], ones, ones, 1e-5, kept, means[1], variances[1]
        )

    def gap(self) -> ModeGap:
        right = [self.one_of([-1, 0, 200]) for _ in range(2)]
        return ModeGap(self.one_of([0, 200]), 2, self.number(), self.number(), *right)

    def subject(self) -> Subject:
        layers = self.layers()
        history: dict[Any, Any] = {}

        def keep(layer: str, value: Any, part: str = "", clock: Clock = Clock.PROBE) -> None:
            if self.rng.random() < 0.7:
                history[(layer, type(value), part, clock)] = [(self.one_of([0, 1000]), value)]

        for layer in layers:
            for part in ("pre", "post"):
                keep(layer.name, self.profile(), part)
                keep(layer.name, class_features(np.arange(40) % 2), part)
            keep(layer.name, self.shifts())
            keep(layer.name, self.state())
            keep(layer.name, ConstantResponse(self.numbers(), self.number()))
            keep(layer.name, EffectiveField(8, np.abs(self.numbers(64)).reshape(8, 8), 1.0))
        keep("", self.shifts())
        keep("", self.gap())
        keep("", image_answers(np.arange(40) % 2))
        keep("", answers([20, 20], [20, 20], [20, 20]))
        keep("", answers([20, 20], [10, 10], [20, 20]), "held-out")
        keep("", labels(20, 20), clock=Clock.INLINE)
        facts = {
            "image_shape": self.one_of(
                [None, *[[1, self.image, self.image]] * 6, [1, 8], [3], "square", 7]
            ),
            "batch_size": self.one_of([None, 0, 1, 2, 64]),
            "training_images": self.one_of([None, 0, 40]),
            "training_passes": self.one_of([None, 0, 40]),
            "training_passes_in_eval_mode": self.one_of([None, 40]),
            "loaded_weights": self.one_of([None, True]),
            "steps": self.one_of([0, 40, 1000]),
        }
        return subject(*layers, history=history, facts=facts)


@pytest.mark.parametrize("seed", range(120))
def test_any_structure_is_judged(seed: int) -> None:
    watched = Dice(seed).subject()
    symptoms = [catalogue()[code]() for code in OURS]
    for verdict in judge(run(watched), symptoms=symptoms):
        if isinstance(verdict, Finding):
            sentence = verdict.evidence.sentence()
            assert "nan" not in sentence.lower()
            assert len(sentence) < 260
            json.dumps(dataclasses.asdict(verdict.evidence))  # type: ignore[call-overload]
            assert all(type(c) is int for c in verdict.place.channels)


def test_the_dice_reach_most_of_them() -> None:
    symptoms = [catalogue()[code]() for code in OURS]
    found = {
        verdict.code
        for seed in range(120)
        for verdict in judge(run(Dice(seed).subject()), symptoms=symptoms)
        if isinstance(verdict, Finding)
    }
    assert len(found) >= 8, sorted(found)
