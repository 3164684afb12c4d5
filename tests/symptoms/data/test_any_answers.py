"""Whatever audits and answers hold, symptoms of data and training give proper opinions on them."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from snellen.core import Finding
from snellen.record import Subject
from snellen.stats import ChannelSwap, Features, HeldOutAudit, ImageAnswers, ImageAudit
from snellen.symptoms import catalogue, judge
from symptoms.build import labels, probe, run, values, yes_or_no
from symptoms.data_builders import answering, audited, held_out_audit, image_audit, with_losses

OURS = "S20 S38 S39 S40 S41 S42 S43 S44 S48 S49 S53 S54 S55"
NUMBERS = [0.0, 1e-9, 0.3, 1.0, 50.0, np.inf, np.nan]


class Dice:
    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def one_of(self, options: Any) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def number(self) -> float:
        return float(self.one_of(NUMBERS))

    def numbers(self, size: int) -> Any:
        return np.array([self.number() for _ in range(size)])

    def answers(self) -> ImageAnswers | None:
        n, k = self.one_of([0, 1, 2, 40, 320]), self.one_of([1, 2, 10])
        if self.rng.random() < 0.2:
            return None
        label = self.rng.integers(-1, k, n)
        chosen = np.where(self.rng.random(n) < self.one_of([0, 0.5, 1]), label, 0)
        p = self.rng.random(n).astype(np.float32)
        p[self.rng.random(n) < self.one_of([0, 0, 1])] = np.nan
        return ImageAnswers(label, chosen, p, p.copy())

    def images(self) -> ImageAudit:
        count = lambda: self.one_of([-1, 0, 1, 100])  # noqa: E731
        return image_audit(
            images=self.one_of([0, 1, 100, 1000]),
            blank=self.one_of([0, 1, 90]),
            duplicates=count(),
            conflicting=self.one_of([0, 60]),
            batches=self.one_of([0, 1, 32]),
            repeated_batches=self.one_of([0, 20]),
            label_entropy=self.number(),
            shuffled_entropy=self.number(),
            label_entropy_spread=self.number(),
            roughness=self.numbers(self.one_of([0, 2, 3, 4])),
        )

    def held_out(self) -> HeldOutAudit:
        channels = self.one_of([0, 1, 3])
        return held_out_audit(
            images=self.one_of([0, 1, 300]),
            training_images=self.one_of([0, 1000]),
            repeated=self.one_of([0, 1, 30]),
            near_repeated=self.one_of([0, 50]),
            near_expected=self.number(),
            counts=np.array(self.one_of([[], [0], [0, 0, 9], [30] * 12]), np.int64),
            mean=self.numbers(channels),
            std=self.numbers(channels),
            training_mean=self.numbers(channels),
            training_std=self.numbers(self.one_of([channels, 2])),
            separability=self.number(),
            separability_error=self.number(),
        )

    def features(self, step: int) -> dict[Any, Any]:
        n, width = self.one_of([0, 40, 320]), self.one_of([0, 1, 8])
        scores = self.rng.normal(size=(n, width)).astype(np.float32)
        scores[:1] = self.number()
        return probe("conv", Features, "post", (step, Features(scores, self.number())))

    def subject(self) -> Subject:
        swapped = ChannelSwap(*self.rng.integers(0, 50, 5).tolist(), self.number(), self.number())
        steps = self.one_of([1, 20, 1000])
        made = answering(
            self.answers(),
            self.answers(),
            audited(ImageAudit, self.images()),
            audited(HeldOutAudit, self.held_out()),
            probe("", ChannelSwap, "", (steps, swapped)),
            self.features(self.one_of([0, steps])),
            targets=self.one_of(
                [
                    None,
                    labels(),
                    labels(0, 0),
                    labels(9, 1),
                    labels(*[100] * 10),
                    yes_or_no(1000, 9),
                    yes_or_no(0, 0),
                    values(1.0),
                    values(0.0),
                ]
            ),
            step=steps,
            train=self.rng.choice(NUMBERS, self.one_of([1, 5, 200])),
            facts={
                "steps": steps,
                "epochs": self.one_of([None, 0, 1, 10]),
                "steps_per_epoch": self.one_of([None, 0, 1, 7]),
                "image_shape": self.one_of([None, [], [0], [28, 28, 1], ["a"], "x"]),
                "training_images": self.one_of([None, 0, 30, True]),
                "parameters": self.one_of([None, 0, 100]),
                "frozen_parameters": self.one_of([None, 90]),
                "probe": self.one_of([None, {}, {"images": 5, "whole_training_set": True}]),
                "loaded_weights": self.one_of([None, True]),
            },
        )
        return with_losses(made, val_loss=self.rng.choice(NUMBERS, self.one_of([0, 1, 9])))


@pytest.mark.parametrize("seed", range(120))
def test_any_answers_are_judged(seed: int) -> None:
    chosen = [catalogue()[code]() for code in OURS.split()]
    for verdict in judge(run(Dice(seed).subject()), symptoms=chosen):
        if isinstance(verdict, Finding):
            sentence = verdict.evidence.sentence()
            assert sentence
            assert "nan" not in sentence.lower(), sentence
            json.dumps(dataclasses.asdict(verdict.evidence))  # type: ignore[call-overload]
