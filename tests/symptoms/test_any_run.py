"""Whatever a run holds or lacks, every symptom gives proper verdicts on it and none breaks."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from typing import Any

import numpy as np
import pytest

from snellen.core import Clear, Finding, Layer, LayerKind, Severity, Undecided
from snellen.record import Clock, Subject
from snellen.stats import (
    RAILS,
    InputDependence,
    MapSummary,
    Predictions,
    Similarity,
    Targets,
    WeightState,
    WeightUpdate,
)
from snellen.symptoms import judge, outcomes
from symptoms.build import (
    answers,
    broken,
    conv,
    dependence,
    head,
    labels,
    maps,
    run,
    similarity,
    subject,
    update,
    values,
    weights,
    yes_or_no,
)

ACTIVATIONS = [None, *RAILS]
EVIDENT = (
    "S06 S12 S15 S16 S18 S20 S22 S27 S28 S30 S34 S35 S36 S39 S40 S41 S42 S43 S44 S45 S48 S49 S51 "
    "S53 S54 S55 S57 S58 S59 S60"
)
"""Symptoms that may see the harm itself."""
NUMBERS = [0.0, 1e-12, 1e-3, 0.5, 1.0, 30.0, 1e6, np.inf, np.nan]


class Dice:
    """A run made of whatever falls, from nothing at all to numbers that nobody should see."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def one_of(self, options: Any) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def often(self) -> bool:
        return bool(self.rng.random() < 0.7)

    def number(self) -> float:
        return float(self.one_of(NUMBERS))

    def layers(self) -> tuple[Layer, ...]:
        found: list[Layer] = []
        for i in range(int(self.rng.integers(0, 7))):
            name = f"layer{i}"
            found.append(
                conv(
                    name,
                    index=i,
                    kind=self.one_of(list(LayerKind)),
                    activation=self.one_of(ACTIVATIONS),
                    normalised=not self.often(),
                    residual=not self.often(),
                    trainable=self.often(),
                    groups=self.one_of([1, 8]),
                    inputs=self.one_of([(), (f"layer{i - 1}",), ("unheard-of",)]),
                    weight_shape=self.one_of([(), (8, 3, 3, 3)]),
                )
            )
        if self.often():
            found.append(head(units=self.one_of([1, 2, 10]), inputs=self.one_of([(), ("layer0",)])))
        return tuple(found)

    def summary(self) -> MapSummary:
        if not self.often():
            return broken(images=self.one_of([0, 320]))
        return maps(
            images=self.one_of([0, 1, 20, 320]),
            silent=range(int(self.rng.integers(0, 9))),
            mean=self.one_of([0.0, 0.5, 120.0]),
            std=self.one_of([0.0, 1e-9, 1.0, 60.0]),
            below=self.one_of([0.0, 0.5]),
            above=self.one_of([0.0, 0.5]),
            image_spread=self.one_of([0.0, 0.1]),
        )

    def predictions(self) -> Predictions:
        if not self.often():
            return answers([], [], [], images=self.one_of([0, 320]), mean=[], std=[])
        return answers(
            self.one_of([[320, 0], [160, 160]]),
            self.one_of([[160, 0], [150, 150]]),
            [160, 160],
            minimum=self.number(),
            maximum=self.number(),
            mean=[self.number(), 0.5],
            std=[self.number(), 0.1],
        )

    def update(self) -> WeightUpdate:
        return update(
            gradient=self.number(),
            rms=self.number(),
            size=self.number(),
            drift=self.one_of([[], [self.number()] * 8]),
            weight_norm=self.one_of([0.0, 1.0]),
        )

    def state(self) -> WeightState:
        return weights(
            growth=self.number(),
            moved=self.number(),
            initial_norm=self.one_of([np.zeros(8), np.ones(8)]),
            gain=self.one_of([np.zeros(0), np.zeros(8), np.ones(8)]),
            nonfinite=self.one_of([0, 3]),
        )

    def history(self, layers: tuple[Layer, ...]) -> dict[Any, Any]:
        steps = sorted({0, *self.rng.integers(0, 1000, 9).tolist()})[int(self.rng.integers(2)) :]
        made: dict[Any, Any] = {}

        def keep(layer: str, kind: Any, part: str, clock: Clock, make: Any) -> None:
            if self.often():
                made[(layer, kind, part, clock)] = [(s, make()) for s in steps]

        for layer in layers:
            for part in ("pre", "post"):
                for clock in Clock:
                    keep(layer.name, MapSummary, part, clock, self.summary)
                keep(
                    layer.name,
                    InputDependence,
                    part,
                    Clock.PROBE,
                    lambda: dependence(self.one_of([0, 0.5])),
                )
                keep(
                    layer.name,
                    Similarity,
                    part,
                    Clock.PROBE,
                    lambda: similarity(self.number(), self.number(), self.one_of([0, 700])),
                )
            keep(layer.name, WeightUpdate, "", Clock.INLINE, self.update)
            keep(layer.name, WeightState, "", Clock.PROBE, self.state)
        keep("", MapSummary, "input", Clock.INLINE, self.summary)
        keep("", Predictions, "", Clock.PROBE, self.predictions)
        target = self.one_of(
            [labels(90, 10), labels(), yes_or_no(100, 10), values(2.0), Targets.none(), labels(5)]
        )
        keep("", Targets, "", Clock.INLINE, lambda: target)
        return made

    def facts(self) -> dict[str, Any]:
        loss = {
            "name": self.one_of(
                ["cross_entropy", "nll", "binary_cross_entropy", "mse", "mae", "other"]
            ),
            "expects": self.one_of(
                ["logits", "probabilities", "log-probabilities", "values", None]
            ),
            "fed": self.one_of([None, *RAILS, "log_softmax"]),
            "units": self.one_of([None, 1, 10, "ten"]),
            "reduction": self.one_of([None, "mean", "sum"]),
        }
        made = {
            "steps": self.one_of([None, 0, 3, 40, 1000]),
            "epochs": self.one_of([None, 0, 10]),
            "steps_per_epoch": self.one_of([None, 4, 100, np.nan]),
            "optimizer": self.one_of([None, "SGD", "Adam"]),
            "learning_rate": self.one_of([None, 0.1, "high"]),
            "probe": self.one_of([None, {}, {"whole_training_set": True}]),
            "nonfinite": self.one_of(
                [None, [], [{}], [{"step": 3, "tensor": "layer0", "part": "pre"}], 7]
            ),
        }
        return made | ({"loss": loss} if self.often() else {})

    def subject(self) -> Subject:
        layers = self.layers()
        train = [self.number() for _ in range(self.one_of([0, 1, 40]))]
        smooth = list(self.rng.random(50))
        return subject(
            *layers,
            history=self.history(layers),
            facts=self.facts(),
            train=self.one_of([None, train, smooth]),
            framework=self.one_of(["torch", "keras-torch"]),
        )


@pytest.mark.parametrize("seed", range(150))
def test_any_run_is_judged(seed: int) -> None:
    watched = Dice(seed).subject()
    verdicts = judge(run(watched))
    ending = outcomes(run(watched))["Net"]
    names = {layer.name for layer in watched.layers} | {""}

    places = Counter((v.code, v.place.layer) for v in verdicts)
    assert [p for p, count in places.items() if count > 1] == []
    for verdict in verdicts:
        assert verdict.place.layer in names
        if isinstance(verdict, Finding):
            sentence = verdict.evidence.sentence()
            assert sentence
            assert "nan" not in sentence.lower().replace("nan or inf", ""), sentence
            json.dumps(dataclasses.asdict(verdict.evidence))  # type: ignore[call-overload]
            assert all(type(c) is int for c in verdict.place.channels)
            assert verdict.step is None or type(verdict.step) is int
            if not ending.harmed and verdict.code not in EVIDENT:
                assert verdict.severity is Severity.NOTE
        elif isinstance(verdict, Undecided):
            assert verdict.needs
    kinds = [Finding, Undecided, Clear]
    order = [kinds.index(type(v)) for v in verdicts]
    assert order == sorted(order)
    severities = [v.severity.rank for v in verdicts if isinstance(v, Finding)]
    assert severities == sorted(severities, reverse=True)


def test_the_dice_reach_every_symptom() -> None:
    found = {
        verdict.code
        for seed in range(150)
        for verdict in judge(run(Dice(seed).subject()))
        if isinstance(verdict, Finding)
    }
    assert len(found) >= 10, sorted(found)
