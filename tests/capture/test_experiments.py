"""What the trained model is asked, on a network whose answers can be written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from capture.fakes import FakeModel
from snellen.adapters.contract import ModelRefusedError
from snellen.capture.examination import EXPERIMENTS, Experiment, affordable, examination
from snellen.capture.experiments.asked import Asked
from snellen.capture.experiments.channel_swap import channel_swap
from snellen.capture.experiments.constant_response import constant_response
from snellen.capture.experiments.effective_field import effective_field, field_of
from snellen.capture.experiments.explanation import explanation, rank_correlation
from snellen.capture.experiments.gradient_noise import gradient_noise, noise
from snellen.capture.experiments.jumps import jumps
from snellen.capture.experiments.layer_shifts import layer_shifts
from snellen.capture.experiments.linearity import linearity
from snellen.capture.experiments.mode_gap import mode_gap
from snellen.capture.experiments.sharpness import sharpness
from snellen.capture.experiments.shift_response import blank_border, shift_response
from snellen.capture.probe import Chunk
from snellen.core import Layer, LayerKind, Window, WindowKind

RNG = np.random.default_rng(0)
IMAGES = (RNG.normal(size=(96, 3, 16, 16)) + 3 * RNG.normal(size=(96, 3, 1, 1))).astype(np.float32)
CE = {"name": "cross_entropy", "expects": "logits", "units": 3, "labels": "integers"}


def asked(model: FakeModel | None = None, **changes: Any) -> Asked:
    model = model or FakeModel()
    labels = model.answer(IMAGES, None)[0].argmax(axis=1)
    chunks = [Chunk(IMAGES[i : i + 32], labels[i : i + 32], 32) for i in (0, 32, 64)]
    given = {"loss": CE, "class_axis": 1, "batch_images": 16, **changes}
    return Asked(model, model.layers, chunks, **given)


def only(found: Any) -> Any:
    ((_, statistic),) = found
    return statistic


def test_batch_statistics_are_compared_on_batches_of_the_trainings_own_size() -> None:
    model = FakeModel()
    same = only(mode_gap(asked(model), 96))
    assert (same.images, same.batch, same.eval_right, same.batch_right) == (96, 16, 96, 96)
    assert same.eval_loss == pytest.approx(same.batch_loss)
    model.batch_offset = 30.0
    other = only(mode_gap(asked(model), 64))
    assert other.images == 64
    assert other.eval_right == 64
    assert other.batch_right < 64


def test_without_normalisations_there_is_no_gap_to_measure() -> None:
    class Plain(FakeModel):
        def normalisations(self) -> Any:
            return {}

    assert list(mode_gap(asked(Plain()), 96)) == []


@pytest.mark.parametrize(("activation", "linear"), [("linear", True), ("relu", False)])
def test_only_a_linear_model_is_not_bent(activation: str, linear: bool) -> None:
    found = only(linearity(asked(FakeModel(activation=activation)), 64))
    assert (found.curvature < 1e-5) == linear
    assert found.images == 64


def test_a_model_that_ignores_its_images_has_no_curvature() -> None:
    model = FakeModel()
    model.kernels["conv"] = np.zeros((4, 3))
    assert np.isnan(only(linearity(asked(model), 64)).curvature)


def test_swapped_channels_are_counted_image_by_image() -> None:
    model = FakeModel()
    found = only(channel_swap(asked(model), 96))
    swapped = model.answer(IMAGES[:, ::-1], None)[0].argmax(axis=1)
    expected = int((swapped == model.answer(IMAGES, None)[0].argmax(axis=1)).sum())
    assert (found.images, found.right, found.right_swapped) == (96, 96, expected)
    assert (found.gained, found.lost) == (0, 96 - expected)
    assert found.right_swapped < 96
    assert found.loss_swapped > found.loss


def test_grey_images_have_no_channels_to_swap() -> None:
    model = FakeModel(channels=1)
    labels = np.zeros(96, np.int64)
    chunks = [Chunk(IMAGES[:, :1], labels, 96)]
    assert list(channel_swap(Asked(model, model.layers, chunks, CE, 1, 16), 96)) == []


def test_a_model_that_pools_over_all_positions_does_not_mind_a_shift() -> None:
    found = only(shift_response(asked(), 96))
    assert found.shifts.tolist() == [1, 2, 1, 2]
    assert found.consistency.tolist() == [1.0] * 4
    assert not found.blank_border


def test_a_frame_of_one_value_is_blank() -> None:
    framed = np.pad(RNG.normal(size=(2, 3, 8, 8)), ((0, 0), (0, 0), (2, 2), (2, 2)))
    assert blank_border(framed, 2).tolist() == [True, True]
    assert blank_border(framed, 3).tolist() == [False, False]


def test_maps_of_a_pointwise_convolution_move_with_the_image() -> None:
    ((name, found),) = layer_shifts(asked(), 16)
    assert name == "conv"
    assert found.shifts.tolist() == [1, 1]
    assert found.consistency == pytest.approx([1.0, 1.0])


def test_jumps_multiply_along_the_way() -> None:
    conv = Window(WindowKind.CONV, (3, 3), (2, 2))
    pool = Window(WindowKind.MAX_POOL, (3, 3), (3, 3))
    grow = Window(WindowKind.UPSAMPLE, stride=(6, 6))
    a = Layer("a", 0, LayerKind.CONV, "c", 1, (8, 8), window=conv, paths=((pool,),))
    b = Layer("b", 1, LayerKind.CONV, "c", 1, (4, 4), window=conv, inputs=("a",), paths=((),))
    c = Layer("c", 2, LayerKind.ACTIVATION, "c", 1, (9, 9), inputs=("a",), paths=((grow,),))
    d = Layer("d", 3, LayerKind.ACTIVATION, "c", 1, (9, 9), inputs=("a", "b"), paths=((), ()))
    assert [(x.name, jump) for x, jump in jumps([a, b, c, d])] == [
        ("a", (6, 6)), ("b", (12, 12)), ("c", (1, 1)),
    ]  # fmt: skip


def test_a_pointwise_convolution_has_no_border() -> None:
    spreads = {("conv", "post"): np.array([1.0, 1.0, 0.0, 1.0])}
    ((name, found),) = constant_response(asked(spreads=spreads), 2)
    assert name == "conv"
    assert found.border[[0, 1, 3]] == pytest.approx([0.0] * 3)
    assert np.isnan(found.border[2])
    assert found.affected == 0.0


def test_noise_is_that_of_the_definition() -> None:
    truth, single = np.array([3.0, -1.0, 0.5]), 2.0
    random = np.random.default_rng(1)
    found = [
        noise(truth + random.normal(size=(8, 3)) * single / np.sqrt(4), batch=4)
        for _ in range(4000)
    ]
    assert np.mean([x.squared_norm for x in found]) == pytest.approx(truth @ truth, rel=0.03)
    assert np.mean([x.trace for x in found]) == pytest.approx(3 * single**2, rel=0.03)
    assert found[0].cosines.shape == (28,)


def test_micro_batches_of_all_images_are_taken() -> None:
    found = only(gradient_noise(asked(), 96))
    assert found.batch == 12
    assert np.isfinite(found.cosines).all()


def test_the_middle_of_a_pointwise_convolution_sees_one_pixel() -> None:
    ((name, found),) = effective_field(asked(), 16)
    assert name == "conv"
    assert found.influence.shape == (16, 16)
    assert np.argwhere(found.influence > 0).tolist() == [[8, 8]]
    assert found.side == pytest.approx(1.0)


def test_large_fields_are_averaged_down() -> None:
    found = field_of(np.ones((2, 300, 200)))
    assert found.influence.shape == (60, 40)
    assert found.scale == 5.0
    assert found.side == pytest.approx(np.sqrt(60 * 40) * 5)


def test_saliency_changes_when_layers_are_drawn_anew() -> None:
    model = FakeModel()
    before = {name: kernel.copy() for name, kernel in model.kernels.items()}
    found = only(explanation(asked(model), 8))
    assert found.similarity.shape == (3,)
    assert found.similarity[0] == 1.0
    assert (found.similarity[1:] < 0.99).all()
    assert found.maps.shape == (8, 16, 16)
    assert np.isnan(found.inside)
    assert 0 < found.border < 1
    assert found.border_area == pytest.approx(1 - 12**2 / 16**2)
    for name, kernel in model.kernels.items():
        assert np.array_equal(kernel, before[name])


def test_ranks_are_correlated_as_scipy_does() -> None:
    from scipy.stats import spearmanr

    one, other = RNG.integers(0, 5, 40), RNG.integers(0, 5, 40)
    assert rank_correlation(one, other) == pytest.approx(spearmanr(one, other).statistic)
    assert np.isnan(rank_correlation(np.ones(4), np.arange(4)))


def test_curvature_is_the_largest_eigenvalue_of_the_hessian() -> None:
    """Of the head's kernel alone, whose Hessian can be written out."""

    class HeadOnly(FakeModel):
        def weights(self) -> Any:
            return {"head": super().weights()["head"]}

    model = HeadOnly(classes=2)
    ask = asked(model)
    found = only(sharpness(ask, 96))
    pooled = model._forward(IMAGES)[1].mean(axis=(2, 3))
    logits = pooled @ model.kernels["head"].T
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    hessian = np.zeros((8, 8))
    for p, x in zip(shares, pooled, strict=True):
        hessian += np.kron(np.diag(p) - np.outer(p, p), np.outer(x, x)) / len(pooled)
    assert found.largest == pytest.approx(np.linalg.eigvalsh(hessian)[-1], rel=0.05)
    assert np.isnan(found.overshoot).all()


def test_the_loss_is_followed_along_the_last_update() -> None:
    model = FakeModel()
    change = {"head": np.full((3, 4), 0.1)}
    found = only(sharpness(asked(model, change=change), 96))
    here = asked(model).first(96)
    expected = []
    for share in (0, 0.5, 1, 2):
        with model.shifted({"head": share * change["head"]}):
            expected.append(model.answer(here.inputs, here.labels)[1])
    assert found.overshoot == pytest.approx(expected)


# -- running them --------------------------------------------------------------------------------


class Clock:
    def __init__(self, per_reading: float = 0.0) -> None:
        self.now, self.per_reading = 0.0, per_reading

    def __call__(self) -> float:
        self.now += self.per_reading
        return self.now


def test_all_are_asked_where_there_is_time() -> None:
    missing: dict[str, str] = {}
    found = [s.name for _, s in examination(asked(), 60.0, missing)]
    assert missing == {}
    assert sorted(set(found)) == [
        "channel-swap", "effective-field", "explanation", "gradient-noise", "linearity", "mode-gap",
        "sharpness", "shift-response",
    ]  # fmt: skip


def test_what_does_not_fit_is_said() -> None:
    missing: dict[str, str] = {}
    ask = asked(clock=Clock(0.5), batch_images=96)
    found = [s.name for _, s in examination(ask, 6.0, missing)]
    assert "mode-gap" in found
    assert missing["sharpness"] == "time"
    assert not set(found) & set(missing)


@pytest.mark.parametrize("fine_tuned", [True, False])
def test_of_loaded_weights_the_order_of_channels_is_asked_first(fine_tuned: bool) -> None:
    found = [s.name for _, s in examination(asked(fine_tuned=fine_tuned), 60.0, {})]
    assert (found[0] == "channel-swap") == fine_tuned
    assert found.count("channel-swap") == 1


def asked_slowly(seconds: float, **known: Any) -> tuple[list[int], list[str]]:
    """Images of each call, and what was measured, where an answer takes a tenth of a second for
    each image, and half a second more the first time."""
    model, clock = FakeModel(), Clock()
    ask = asked(model, clock=clock, fine_tuned=True, **known)
    plain, images = model.answer, list[int]()

    def slow(inputs: Any, *args: Any, **kwargs: Any) -> Any:
        clock.now += 0.1 * len(inputs) + (0.0 if images else 0.5)
        images.append(len(inputs))
        return plain(inputs, *args, **kwargs)

    model.answer = slow  # type: ignore[method-assign]
    found = [s.name for _, s in examination(ask, seconds, {})]
    return images, found


def test_to_learn_the_price_takes_no_longer_than_it_must() -> None:
    # Nothing is known: the whole chunk twice, and no time is left.
    images, found = asked_slowly(7.5)
    assert images[:2] == [32, 32]
    assert "channel-swap" not in found
    # A look at the chunk takes long: eight images, and once more because of the first time.
    images, found = asked_slowly(7.5, look_seconds=0.12)
    assert images[:2] == [8, 8]
    assert found[0] == "channel-swap"
    # The first answer was no dearer than a look.
    images, found = asked_slowly(12.0, look_seconds=0.3)
    assert images[:2] != [8, 8]
    assert found[0] == "channel-swap"
    # There is time enough.
    assert asked_slowly(60.0, look_seconds=0.12)[0][:2] == [32, 32]


def test_without_time_nothing_is_asked() -> None:
    model = FakeModel()
    ask = asked(model)
    model.asked.clear()
    missing: dict[str, str] = {}
    assert list(examination(ask, 0.0, missing)) == []
    assert set(missing) == {x.name for x in EXPERIMENTS}
    assert model.asked == []


def test_a_model_that_refuses_is_not_measured() -> None:
    class Refusing(FakeModel):
        def look(self, inputs: Any, labels: Any, see: Any) -> Any:
            raise ModelRefusedError("ValueError: no")

    missing: dict[str, str] = {}
    found = [s.name for _, s in examination(asked(Refusing()), 60.0, missing)]
    assert missing["linearity"] == "ValueError: no"
    assert "gradient-noise" in found


def test_fewer_images_are_taken_where_forward_passes_are_dear() -> None:
    clock = Clock()
    ask = asked(clock=clock, deadline=10.0)
    ask._seconds["answer"] = 0.05
    some = Experiment("x", mode_gap, 96, {"answer": 2.0}, 64)
    assert affordable(some, ask) == 96
    clock.now = 2.0
    assert affordable(some, ask) == 80
    clock.now = 4.0
    assert affordable(some, ask) is None


class PricedByTheCall(FakeModel):
    """A call takes a tenth of a second, however few its images."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def answer(self, *args: Any, **kwargs: Any) -> Any:
        self.clock.now += 0.1
        return super().answer(*args, **kwargs)

    def gradients(self, *args: Any, **kwargs: Any) -> Any:
        self.clock.now += 30.0
        return super().gradients(*args, **kwargs)


def test_of_small_batches_as_many_are_asked_as_there_is_time_for() -> None:
    # 64 images in batches of two are 64 calls, 6.4 s: more than a third of the time.
    model = PricedByTheCall(clock := Clock())
    gap = only(mode_gap(asked(model, clock=clock, batch_images=2, deadline=16.0), 96))
    assert 32 < gap.images < 96
    assert gap.eval_loss == pytest.approx(gap.batch_loss)
    assert gap.eval_right == gap.images
    gap = only(mode_gap(asked(model, clock=clock, batch_images=2, deadline=clock() + 60.0), 96))
    assert gap.images == 96


def test_a_gap_of_few_images_is_said_to_lack_time() -> None:
    model, missing = PricedByTheCall(clock := Clock()), dict[str, str]()
    found = list(examination(asked(model, clock=clock, batch_images=1), 3.0, missing))
    assert "mode-gap" not in [s.name for _, s in found]
    assert missing["mode-gap"] == "time"
    assert clock() <= 3.0 * 1.5 + 0.2


def test_what_was_thought_to_fit_is_broken_off_after_the_last_moment() -> None:
    model, missing = PricedByTheCall(clock := Clock()), dict[str, str]()
    found = [s.name for _, s in examination(asked(model, clock=clock), 20.0, missing)]
    # Its first question takes 30 s, which nobody could know.
    assert missing["gradient-noise"] == "time"
    assert missing["explanation"] == missing["sharpness"] == "time"
    assert {"mode-gap", "shift-response", "linearity"} <= set(found)
    assert clock() < 50.0


def test_answers_do_not_depend_on_anything_but_the_model() -> None:
    np.random.seed(0)
    one = [vars(s) for _, s in examination(asked(), 60.0, {})]
    np.random.seed(1)
    two = [vars(s) for _, s in examination(asked(), 60.0, {})]
    for a, b in zip(one, two, strict=True):
        for name in a:
            assert np.array_equal(a[name], b[name], equal_nan=True), name
