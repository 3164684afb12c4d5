"""The outcome: real faults are harmed, healthy trainings of many kinds are not, the rest is
unknown."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from snellen.record import LossSeries, Subject
from snellen.stats import Predictions, Targets
from snellen.symptoms import judge, outcomes
from snellen.symptoms.outcome import macro_recall, outcome
from snellen.symptoms.progress import loss_left
from symptoms.build import (
    answers,
    conv,
    given,
    head,
    labels,
    maps,
    probe,
    run,
    subject,
    told,
    values,
    yes_or_no,
)

TEN = labels(*[100] * 10)
CE = {"name": "cross_entropy", "expects": "logits", "reduction": "mean"}
BCE = {"name": "binary_cross_entropy", "expects": "probabilities", "reduction": "mean"}
MSE = {"name": "mse", "expects": "values", "reduction": "mean"}
MAE = {"name": "mae", "expects": "values", "reduction": "mean"}
OTHER = {"name": "other", "expects": "values"}


def curve(*points: float, steps: int = 1000, noise: float = 0.02, seed: int = 1) -> list[float]:
    """A loss that goes straight from point to point at equal distances, with some noise of
    batches."""
    rng = np.random.default_rng(seed)
    level = np.interp(np.linspace(0, 1, steps), np.linspace(0, 1, len(points)), points)
    return list(level * (1 + noise * rng.standard_normal(steps)))


def trained(
    loss: dict[str, Any],
    targets: Targets | None,
    train: Sequence[float] | None,
    predictions: Predictions | None = None,
    **facts: Any,
) -> Subject:
    history: dict[Any, Any] = given(targets) if targets else {}
    history |= told(predictions) if predictions else {}
    units = len(targets.counts) or len(targets.mean) if targets else 10
    return subject(
        conv(), head(units=units), history=history, facts={"loss": loss} | facts, train=train
    )


GOOD_TEN = answers([32] * 10, [29] * 10, [32] * 10)
CHANCE_TEN = answers([320] + [0] * 9, [32] + [0] * 9, [32] * 10)

# 30% of the training images; 60%: more than half of the way from guessing.
SOME_TEN = answers([32] * 10, [9] * 5 + [10] * 5, [32] * 10)
HALF_TEN = answers([32] * 10, [19] * 10, [32] * 10)

HARMED = {
    # CATALOGUE §2b: test accuracy at chance, training loss around ln 10.
    "death by learning rate": trained(CE, TEN, curve(2.3, 85, 2.31, 2.31), CHANCE_TEN),
    "death without a spike": trained(CE, TEN, curve(2.3, 2.3), CHANCE_TEN),
    "strong L2": trained(CE, TEN, curve(2.31, 2.3, 2.3), CHANCE_TEN),
    "strong L1, above the prior": trained(CE, TEN, curve(2.3, 2.39, 2.39), CHANCE_TEN),
    "18 layers, nothing learnt": trained(CE, TEN, curve(2.304, 2.302)),
    "learning rate 1e-5": trained(CE, TEN, curve(2.304, 2.301, noise=0.001)),
    "random labels": trained(CE, TEN, curve(2.32, 2.30, 2.29), CHANCE_TEN),
    # CATALOGUE §8.
    "example 1: the loss looks learnt, the rare class is never found": trained(
        BCE,
        yes_or_no(100, 10),
        curve(0.57, 0.35, 0.29, steps=40),
        answers([100, 0], [90, 0], [90, 10]),
        steps=40,
        steps_per_epoch=4,
    ),
    "example 1, one rare image found": trained(
        BCE,
        yes_or_no(100, 10),
        curve(0.5, 0.33, 0.25, steps=40),
        answers([99, 1], [90, 1], [90, 10]),
        steps=40,
        steps_per_epoch=4,
    ),
    "example 2": trained(
        CE, labels(90, 10), curve(0.9, 0.33, 0.33, steps=20), steps=20, epochs=5, steps_per_epoch=4
    ),
    "example 3, settled at the base rate": trained(
        CE,
        labels(90, 10),
        [0.7, 1e3, 3.6e4, 1e4, *curve(40, 5, 0.34, 0.33, 0.33, steps=36)],
        answers([100, 0], [90, 0], [90, 10]),
        steps=40,
        steps_per_epoch=4,
    ),
    "example 3, frozen at the clip": trained(
        {**CE, "expects": "probabilities"},
        labels(90, 10),
        [0.7, 5.0, *[1.612] * 38],
        steps=40,
        steps_per_epoch=4,
    ),
    "not finite at the end": trained(CE, TEN, [*curve(2.3, 1.0, steps=500), math.nan]),
    "not finite at once": trained(CE, TEN, [2.3, math.inf, math.nan], steps=3, epochs=0),
    "weights not finite": trained(
        OTHER, None, None, nonfinite=[{"step": 3, "tensor": "conv", "part": "weights"}]
    ),
    "exploded within the warm-up": trained(
        CE, TEN, curve(2.3, 1e5, 1e5, steps=30), steps=30, epochs=0, steps_per_epoch=None
    ),
    "a custom loss that exploded": trained(OTHER, None, curve(1.0, 1e3, 1e3)),
    "regression no better than the mean": trained(MSE, values(4.0), curve(9.0, 4.1, 4.0)),
    "mean absolute error above any constant's": trained(MAE, values(4.0), curve(3, 2.5, 2.5)),
    "multi-label no better than the shares": trained(
        BCE, yes_or_no(1000, 100, 300), curve(0.7, 0.47, 0.47)
    ),
    "segmentation at the class shares": trained(
        CE,
        Targets("segmentation", 100, 9000, np.array([8000, 1000]), *[np.zeros(0)] * 2),
        curve(0.7, 0.35, 0.35),
    ),
    "works in training mode, at chance when evaluated": trained(
        CE, TEN, curve(2.3, 0.5, 0.05), CHANCE_TEN
    ),
    "a loss at the prior, and a recall little above chance": trained(
        CE, TEN, curve(2.3, 2.3), answers([140, *[20] * 9], [20, *[5] * 9], [32] * 10)
    ),
    "more than 80% of the loss left, few images answered, though it still falls": trained(
        CE, TEN, curve(2.3, 2.2, 1.88), SOME_TEN
    ),
    "a loss at the prior, and less than half answered": trained(CE, TEN, curve(2.3, 2.3), SOME_TEN),
    "answers far worse than the loss says": trained(CE, TEN, curve(2.3, 0.8, 0.75), SOME_TEN),
    "label smoothing, nothing learnt": trained(
        CE | {"label_smoothing": 0.1}, TEN, curve(2.35, 2.30), CHANCE_TEN
    ),
}

UNHARMED = {
    "Keras' penalties in the loss": trained(
        CE, TEN, curve(9.0, 5.0, 4.0), GOOD_TEN, regularisers={"conv": {"l2": 1.0}}
    ),
    "plain": trained(CE, TEN, curve(2.3, 0.5, 0.07), GOOD_TEN),
    "plain, nothing but the loss": trained(CE, TEN, curve(2.3, 0.5, 0.07)),
    "plain, nothing but the answers": trained(CE, TEN, None, GOOD_TEN),
    "short but improving": trained(CE, TEN, curve(2.3, 1.9, steps=150), steps=150, epochs=1),
    "a few epochs of a small set": trained(
        CE, TEN, curve(2.3, 1.5, steps=40), steps=40, steps_per_epoch=4
    ),
    "fine-tuning that starts low": trained(CE, TEN, curve(0.2, 0.15, 0.15), GOOD_TEN),
    "regression": trained(MSE, values(4.0), curve(9.0, 1.0, 0.3)),
    "autoencoder": trained(MSE, values(0.08, outputs=300), curve(0.3, 0.02, 0.01)),
    "mean absolute error": trained(MAE, values(4.0), curve(2.0, 1.2, 0.7)),
    "multi-label with rare positives": trained(
        BCE, yes_or_no(5000, 50, 25, 100), curve(0.7, 0.06, 0.03)
    ),
    "multi-label that never says yes yet": trained(
        BCE,
        yes_or_no(5000, 50, 25, 100),
        curve(0.7, 0.06, 0.04),
        answers([], [], [], images=320, mean=[0.01] * 3, std=[0.1] * 3),
    ),
    "segmentation": trained(
        CE,
        Targets("segmentation", 100, 9000, np.array([8000, 1000]), *[np.zeros(0)] * 2),
        curve(0.7, 0.3, 0.1),
    ),
    "label smoothing: the loss stays high by design": trained(
        CE | {"label_smoothing": 0.1}, TEN, curve(2.3, 0.8, 0.6), GOOD_TEN
    ),
    "strong label smoothing, near its floor": trained(
        CE | {"label_smoothing": 0.5}, TEN, curve(2.3, 1.9, 1.75)
    ),
    "40% label noise": trained(CE, TEN, curve(2.3, 1.6, 1.48), GOOD_TEN),
    "class weights: the loss compares with nothing": trained(
        CE | {"class_weight": True}, labels(900, 100), curve(0.69, 0.5, 0.4)
    ),
    "summed loss": trained(CE | {"reduction": "sum"}, TEN, curve(147, 40, 5)),
    "contrastive loss": trained(OTHER, None, curve(5.5, 3.0, 1.2)),
    "imbalance 3:1": trained(
        CE, labels(750, 250), curve(0.69, 0.5, 0.4), answers([200, 120], [150, 90], [160, 160])
    ),
    "a hundred classes, just begun": trained(
        CE,
        labels(*[50] * 100),
        curve(4.61, 4.2),
        answers([3] * 100, [1] * 30 + [0] * 70, [3] * 100),
        epochs=2,
    ),
    "the same of longer trainings, stopped early": trained(
        CE, TEN, curve(2.3, 2.0), SOME_TEN, epochs=3, planned_steps=2001
    ),
    "less than 80% of the loss left": trained(CE, TEN, curve(2.3, 1.84, 1.83), SOME_TEN),
    "half answered, whatever is left of the loss": trained(CE, TEN, curve(2.3, 2.0), HALF_TEN),
    "answers as good as the loss says": trained(CE, TEN, curve(2.3, 1.24, 1.22), SOME_TEN),
    "heavy augmentation: the training loss lags behind what is known": trained(
        CE, TEN, curve(2.3, 2.25, 2.2), GOOD_TEN
    ),
    "one spike that recovered": trained(
        CE, TEN, [*curve(2.3, 0.3, steps=900), 500.0, *curve(0.5, 0.3, steps=99)], GOOD_TEN
    ),
    "one NaN batch that was skipped": trained(
        CE, TEN, [*curve(2.3, 0.3, steps=900), math.nan, *curve(0.3, 0.3, steps=99)], GOOD_TEN
    ),
    "small last batches that happen to be easy do not end a training": trained(
        CE,
        labels(900, 100),
        [v for _ in range(25) for v in (0.2, 0.2, 0.2, 0.01)],
        steps=100,
        epochs=25,
        steps_per_epoch=4,
    ),
    "two losses that make up one objective": subject(
        conv(),
        head(),
        history=given(TEN),
        facts={"loss": CE},
        train=[5.0, 2.3] * 500,
        objective=curve(7.3, 5.0, 4.0, steps=500),
    ),
    "soft labels of mixed images have a floor of their own": trained(
        CE | {"labels": "probabilities"}, TEN, curve(2.3, 2.2, 2.19), GOOD_TEN
    ),
    "an early stop after three epochs": trained(
        CE, TEN, curve(2.3, 1.2, steps=300), steps=300, epochs=3, planned_epochs=100
    ),
}

UNKNOWN = {
    "no answers but those from before the first step": subject(
        conv(), head(), history=given(TEN) | told(CHANCE_TEN, 0), facts={"loss": CE}
    ),
    "no answers but those from the first half": subject(
        conv(), head(), history=given(TEN) | told(CHANCE_TEN, 499), facts={"loss": CE}
    ),
    "nothing seen": trained(CE, None, None),
    "few steps": trained(CE, TEN, curve(2.3, 2.3, steps=20), steps=20, epochs=0),
    "an imbalanced set after one epoch, improving": trained(
        CE,
        labels(950, 50),
        curve(0.7, 0.2, 0.17, steps=150),
        answers([320, 0], [160, 0], [160, 160]),
        steps=150,
        epochs=1,
        steps_per_epoch=150,
    ),
    "few steps at chance": trained(
        CE, TEN, curve(2.3, 2.3, steps=20), CHANCE_TEN, steps=20, epochs=0
    ),
    "two epochs of a long training": trained(
        CE, TEN, curve(2.3, 2.3, steps=60), steps=60, epochs=2, steps_per_epoch=30
    ),
    "still falling, not yet below the limit": trained(
        CE, labels(*[100] * 100), curve(4.7, 4.65, 4.4), epochs=2
    ),
    "soft labels, no answers seen": trained(
        CE | {"labels": "probabilities"}, TEN, curve(2.25, 2.2, 2.19)
    ),
    "a custom loss that does not fall": trained(OTHER, None, curve(5.5, 5.5)),
    "squared error on class numbers": trained(MSE, TEN, curve(8.2, 8.2)),
    "a custom loss below zero": trained(OTHER, None, curve(0.2, -3.0)),
    "class weights and no fall": trained(
        CE | {"class_weight": True}, labels(900, 100), curve(0.69, 0.69)
    ),
    "labels of one class only": trained(CE, labels(100, 0), curve(0.7, 0.69)),
    "large images averaged: no variance to compare with": subject(
        conv(),
        head(units=3, positions=(64, 64)),
        history=given(values(0.001)),
        facts={"loss": MSE},
        train=curve(0.08, 0.079),
    ),
    "an imbalanced class found too seldom to tell, but the loss knows it": trained(
        CE, labels(950, 50), curve(0.69, 0.1, 0.06), answers([320, 0], [304, 0], [304, 16])
    ),
}


@pytest.mark.parametrize("name", HARMED)
def test_harmed(name: str) -> None:
    assert outcome(HARMED[name]).harmed is True, outcome(HARMED[name])


@pytest.mark.parametrize("name", UNHARMED)
def test_not_harmed(name: str) -> None:
    assert outcome(UNHARMED[name]).harmed is False, outcome(UNHARMED[name])


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown(name: str) -> None:
    assert outcome(UNKNOWN[name]).harmed is None, outcome(UNKNOWN[name])


@pytest.mark.parametrize("name", [*HARMED, *UNHARMED, *UNKNOWN])
def test_always_says_why(name: str) -> None:
    watched = (HARMED | UNHARMED | UNKNOWN)[name]
    reasons = outcome(watched).reasons
    assert reasons
    assert all(r and r[0].islower() and "nan" not in r for r in reasons), reasons


def test_reasons_carry_the_numbers() -> None:
    assert outcome(HARMED["death without a spike"]).reasons == (
        "macro recall on the probe is 0.10; guessing gives 0.10",
        "the training loss ended at 2.3; guessing the prior gives 2.3; ln 10 = 2.303 is the "
        "loss of "
        "knowing nothing",
    )
    frozen = HARMED["example 3, frozen at the clip"]
    keras = subject(
        *frozen.layers,
        history=given(labels(90, 10)),
        facts=frozen.facts,
        train=frozen.losses["train"].values.tolist(),
        framework="keras-torch",
    )
    assert outcome(keras).reasons == (
        "the training loss ended at 1.61; guessing the prior gives 0.325; 10% of the images "
        "wrong with "
        "full confidence, at 16.12 each, make 1.612: the answers are frozen where the logarithm is "
        "clipped; its last values are the same to the last bit, so no gradient is left",
    )


def test_the_logged_mean_of_an_epoch_lies_on_the_landmark_exactly() -> None:
    frozen = trained(CE, labels(90, 10), [1.0, 1.5, 4.03, 0.9] * 10, steps=40, steps_per_epoch=4)
    logged = {"loss": LossSeries(np.array([40]), np.array([1.61181]))}
    keras = dataclasses.replace(frozen, framework="keras", losses={**frozen.losses, **logged})
    assert "10% of the images wrong with full confidence" in outcome(keras).reasons[0]
    assert "wrong with full confidence" not in outcome(frozen).reasons[0]


@pytest.mark.parametrize(
    ("end", "harmed"), [(0.94 * math.log(10), False), (0.96 * math.log(10), True)]
)
def test_the_loss_is_compared_with_95_percent_of_the_prior(end: float, harmed: bool) -> None:
    assert outcome(trained(CE, TEN, curve(2.3, end, end, noise=0.0))).harmed is harmed


def test_the_limit_starts_from_the_floor_where_labels_are_smoothed() -> None:
    # Floor 1.677, prior 2.303: 95% of the way is 2.271, far above 95% of the prior.
    smoothed = CE | {"label_smoothing": 0.5}
    assert outcome(trained(smoothed, TEN, curve(2.3, 2.28, 2.28, noise=0.0))).harmed is True
    assert outcome(trained(smoothed, TEN, curve(2.3, 2.26, 2.26, noise=0.0))).harmed is False


@pytest.mark.parametrize("steps", [99, 100])
def test_the_warm_up_is_over_after_a_hundred_steps(steps: int) -> None:
    watched = trained(
        CE, TEN, curve(2.3, 2.3, steps=steps), steps=steps, epochs=0, steps_per_epoch=9
    )
    assert outcome(watched).harmed is (None if steps == 99 else True)


def test_macro_recall_beside_guessing() -> None:
    good = macro_recall(trained(CE, TEN, None, GOOD_TEN))
    assert good is not None
    assert (good.value, good.chance, good.at_chance) == (pytest.approx(29 / 32), 0.1, False)
    constant = macro_recall(trained(CE, TEN, None, CHANCE_TEN))
    assert constant is not None
    assert (constant.value, constant.at_chance) == (pytest.approx(0.1), True)


def test_classes_that_the_probe_lacks_are_no_part_of_chance() -> None:
    recall = macro_recall(
        trained(CE, labels(9, 9, 9), None, answers([32, 30, 2], [30, 28, 0], [32, 32, 0]))
    )
    assert recall is not None
    assert (recall.chance, recall.at_chance) == (0.5, False)


def test_guessing_rarely_passes_for_skill() -> None:
    """Answers that ignore the labels, over many shapes of the probe: at most 1% exceed the
    margin."""
    rng = np.random.default_rng(20_261_122)
    passed = trials = 0
    for classes, images in [(2, 100), (2, 320), (10, 320), (100, 300)]:
        for share in (0.5, 0.9):
            for _ in range(60):
                p = np.full(classes, (1 - share) / (classes - 1))
                p[0] = share
                truth = np.concatenate([np.arange(classes), rng.choice(classes, images, p=p)])
                said = rng.choice(classes, len(truth), p=rng.permutation(p))
                seen = answers(
                    np.bincount(said, minlength=classes).tolist(),
                    np.bincount(truth[said == truth], minlength=classes).tolist(),
                    np.bincount(truth, minlength=classes).tolist(),
                )
                recall = macro_recall(trained(CE, labels(*[9] * classes), None, seen))
                assert recall is not None
                passed += not recall.at_chance
                trials += 1
    assert passed <= 0.01 * trials


@pytest.mark.parametrize(
    ("targets", "seen"),
    [
        pytest.param(yes_or_no(100, 10, 20), answers([1, 2], [1, 2], [3, 4]), id="multi-label"),
        pytest.param(values(1.0), answers([], [], []), id="regression"),
        pytest.param(labels(10), answers([5], [5], [5]), id="one class"),
    ],
)
def test_no_recall_where_there_is_no_single_answer(targets: Targets, seen: Predictions) -> None:
    assert macro_recall(trained(CE, targets, None, seen)) is None


def contest() -> tuple[Subject, Subject]:
    """A GAN at balance: the critic's loss is that of guessing, the generator is taught to fool
    it."""
    critic = subject(
        conv(),
        head(units=1),
        name="Critic",
        history=given(yes_or_no(1000, 500))
        | probe("conv", type(maps()), "post", (0, maps(silent=range(8)))),
        facts={"loss": BCE},
        train=curve(0.7, 0.69, 0.69),
    )
    generator = subject(
        conv(),
        head(units=3, positions=(32, 32)),
        name="Generator",
        history=given(yes_or_no(1000, 1000)),
        facts={"loss": BCE},
        train=curve(0.7, 0.9, 0.7),
    )
    return critic, generator


def test_models_trained_against_each_other_are_unknown() -> None:
    critic, generator = contest()
    assert {k: o.harmed for k, o in outcomes(run(critic, generator)).items()} == {
        "Critic": None,
        "Generator": None,
    }
    assert outcomes(run(critic))["Critic"].harmed is True
    severities = {str(getattr(v, "severity", "")) for v in judge(run(critic, generator))}
    assert severities <= {"note", ""}


def test_two_classifiers_in_one_script_are_judged_each_by_itself() -> None:
    both = run(trained(CE, TEN, curve(2.3, 0.5, 0.07), GOOD_TEN), HARMED["death without a spike"])
    assert [outcome(s).harmed for s in both.subjects] == [False, True]
    two = run(
        subject(
            conv(),
            head(units=1),
            name="A",
            history=given(yes_or_no(100, 50)),
            facts={"loss": BCE},
            train=curve(0.7, 0.69),
        ),
        subject(
            conv(),
            head(units=1),
            name="B",
            history=given(yes_or_no(100, 50)),
            facts={"loss": BCE},
            train=curve(0.7, 0.1),
        ),
    )
    assert {k: o.harmed for k, o in outcomes(two).items()} == {"A": True, "B": False}


@pytest.mark.parametrize(
    "facts",
    [
        {"loss": None},
        {"loss": "cross_entropy"},
        {"loss": {}},
        {"loss": {"name": 3, "label_smoothing": "x", "units": "many"}},
        {"nonfinite": "yes"},
        {"nonfinite": ["x", {}, {"part": "weights"}]},
        {"steps": None},
        {"steps_per_epoch": math.nan},
        {"epochs": None, "steps_per_epoch": None},
        {"probe": 3, "optimizer": None, "learning_rate": "fast"},
    ],
)
def test_odd_facts_are_unknown_and_never_a_crash(facts: dict[str, Any]) -> None:
    watched = trained(**{"loss": CE, "targets": TEN, "train": curve(2.3, 1.0)} | facts)
    assert outcome(watched).harmed in (True, False, None)
    judge(run(watched))


@pytest.mark.parametrize(("blur", "left"), [(0.0, 0.43), (0.9, 0.07)])
def test_mixed_labels_raise_the_floor(blur: float, left: float) -> None:
    mixed = dataclasses.replace(TEN, sum_low=1.0, sum_high=1.0, blur=blur)
    ended = trained(CE | {"labels": "probabilities"}, mixed, curve(2.3, 1.0, 1.0))
    assert loss_left(ended) == pytest.approx(left, abs=0.01)
