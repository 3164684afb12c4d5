"""Whatever richer looks hold or lack, every symptom of maps and classes survives it."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from snellen.core import Finding
from snellen.record import Clock, Entry, Subject
from snellen.stats import (
    ChannelStructure,
    ClassResponse,
    Features,
    ImageAnswers,
    InputDependence,
    Predictions,
    SpatialProfile,
    Statistic,
)
from snellen.symptoms import catalogue, judge
from symptoms.build import run
from symptoms.richer import image_answers, pattern_dependence, profile, response, structure
from symptoms.test_any_run import Dice

JUDGED = ("S02", "S05", "S07", "S09", "S12", "S13", "S14", "S15", "S16", "S17", "S19", "S52")


class RicherDice(Dice):
    """A run as `Dice` throws it, with richer statistics of whatever shape besides."""

    def subject(self) -> Subject:
        plain = super().subject()
        statistics = dict(plain.statistics)
        images = self.one_of([0, 1, 20, 320])
        labels = self.one_of(
            [
                np.full(images, -1),
                self.rng.integers(0, 2, images),
                self.rng.integers(0, 10, images),
                np.zeros(images, int),
            ]
        )

        def keep(layer: str, kind: type[Statistic], part: str, make: Any) -> None:
            if self.often():
                steps = self.rng.choice([0, 300, 500, 999], int(self.rng.integers(1, 4)), False)
                key = (layer, f"{kind.name}/{part}", str(Clock.PROBE))
                statistics[key] = tuple(Entry(s, make()) for s in sorted(steps.tolist()))

        keep("", ImageAnswers, "", lambda: image_answers(labels))
        keep("", Predictions, "held-out", self.predictions)
        keep("", InputDependence, "input", lambda: pattern_dependence(self.number(), channels=1))
        for layer in plain.layers:
            for part in ("pre", "post"):
                channels = self.one_of([0, 1, 8, 8, 8])
                keep(layer.name, ClassResponse, part, lambda c=channels: self.response(c))
                keep(layer.name, ChannelStructure, part, lambda c=channels: self.structure(c))
                keep(layer.name, SpatialProfile, part, self.profile)
                keep(layer.name, Features, part, lambda: self.features(images))
        return dataclasses.replace(plain, statistics=statistics)

    def response(self, channels: int) -> ClassResponse:
        means = self.rng.normal(size=(2, channels)) * self.one_of([0, 1, 1, 1e-3])
        means[0, : self.one_of([0, 2, channels])] = self.one_of([0, np.nan, 1])
        return response(means, images=self.one_of([0, 5, 32]))

    def structure(self, channels: int) -> ChannelStructure:
        first = np.zeros(channels)
        first[:1] = 1.0
        return structure(
            self.one_of([0.3, 0.99, 1.0, np.nan, [0.1] * channels]),
            channels=channels,
            samples=self.one_of([0, 100, 1000]),
            eigenvalues=self.one_of([np.zeros(channels), np.ones(channels), first]),
        )

    def profile(self) -> SpatialProfile:
        return profile(
            channels=self.one_of([0, 8]),
            pattern=self.number(),
            ring_share=self.one_of([0.1, np.nan, 0.9]),
        )

    def features(self, images: int) -> Features:
        scores = self.rng.normal(size=(images, self.one_of([0, 1, 16]))).astype(np.float32)
        scores *= self.one_of([0, 1, 1, 1e30])
        if scores.size and not self.often():
            scores[0] = np.nan
        return Features(scores, self.one_of([0.5, np.nan]))


@pytest.mark.parametrize("seed", range(60))
def test_any_run_is_judged(seed: int) -> None:
    watched = RicherDice(seed).subject()
    symptoms = [catalogue()[code]() for code in JUDGED]
    for verdict in judge(run(watched), symptoms=symptoms):
        if isinstance(verdict, Finding):
            assert "nan" not in verdict.evidence.sentence().lower()
            json.dumps(dataclasses.asdict(verdict.evidence))  # type: ignore[call-overload]
            assert all(type(c) is int for c in verdict.place.channels)
            assert verdict.step is None or type(verdict.step) is int
