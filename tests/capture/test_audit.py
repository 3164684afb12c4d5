"""Blank images, copies, contradictions and order, as the batches go by."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy.ndimage import gaussian_filter

from snellen.capture.audit import MOST_IMAGES, ORDERED_BATCHES, Audit, entropies, roughness
from snellen.stats import ImageAudit

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(60, 3, 12, 10)).astype(np.float32)
LABELS = RNG.integers(0, 3, 60)
Images = npt.NDArray[np.float32]


def audited(
    images: Images, labels: npt.NDArray[np.int64] | None = None, size: int = 10, steps: int = 0
) -> ImageAudit:
    """In batches of `size`; the script says that a pass takes `steps`, or all of them."""
    audit = Audit()
    for step, start in enumerate(range(0, len(images), size)):
        part = slice(start, start + size)
        audit.offer(images[part], None if labels is None else labels[part], step)
    found = audit.statistic(steps or math.ceil(len(images) / size))
    assert found is not None
    return found


def test_ordinary_images_show_nothing() -> None:
    found = audited(IMAGES, LABELS)
    assert (found.images, found.batches) == (60, 6)
    assert (found.blank, found.duplicates, found.near_duplicates, found.conflicting) == (0,) * 4
    assert (found.repeated_batches, found.single_class_batches) == (0, 0)


def test_copies_and_contradictions_are_counted() -> None:
    images, labels = IMAGES.copy(), LABELS.copy()
    images[[20, 30]], labels[[3, 20, 30]] = images[3], [0, 0, 1]
    found = audited(images, labels)
    assert (found.duplicates, found.conflicting, found.near_duplicates) == (2, 1, 0)


def test_copies_with_a_little_noise_are_near() -> None:
    rough = np.kron(RNG.normal(size=(60, 1, 4, 5)), np.ones((1, 1, 6, 6)))
    smooth = gaussian_filter(rough, (0, 0, 3, 3)).astype(np.float32)
    assert audited(smooth).near_duplicates == 0
    smooth[40] = 1.2 * smooth[4] + 0.001 * RNG.normal(size=(24, 30)) + 0.3
    found = audited(smooth)
    assert (found.duplicates, found.near_duplicates) == (0, 1)


def test_one_bit_makes_another_image() -> None:
    images = IMAGES.copy()
    images[1] = images[0]
    images[1, 2, 11, 9] = np.nextafter(images[1, 2, 11, 9], np.float32(9))
    found = audited(images)
    assert (found.duplicates, found.near_duplicates) == (0, 1)


@pytest.mark.parametrize(("spread", "blank"), [(0.99, 1), (1.01, 0)])
def test_blank_is_under_a_255th_of_the_range(spread: float, blank: int) -> None:
    images = np.zeros((10, 1, 4, 4))
    images[:, 0, 0, 0], images[:, 0, 3, 3] = 0.0, 255.0
    images[0] = 100.0 + spread * np.resize([1.0, -1.0], (4, 4))
    assert audited(images.astype(np.float32)).blank == blank


def test_constant_data_are_all_blank() -> None:
    assert audited(np.full((10, 1, 4, 4), 0.3, np.float32)).blank == 10


def test_a_second_pass_is_no_copy_of_the_first() -> None:
    again = np.concatenate([IMAGES, IMAGES[::-1]])
    found = audited(again, size=20, steps=3)
    assert (found.images, found.duplicates, found.repeated_batches) == (60, 0, 0)
    assert audited(again, size=20, steps=6).duplicates == 60


def test_without_an_end_of_the_pass_copies_are_not_judged_but_contradictions_are() -> None:
    audit = Audit()
    audit.offer(IMAGES[:10], np.zeros(10, np.int64), 0)
    audit.offer(IMAGES[:10], np.ones(10, np.int64), 1)
    found = audit.statistic(None)
    assert found is not None
    assert (found.duplicates, found.near_duplicates, found.conflicting) == (-1, -1, 10)


def test_the_end_of_the_pass_closes_the_audit() -> None:
    audit = Audit()
    audit.offer(IMAGES[:30], None, 0)
    audit.pass_ended(1, complete=True)
    assert not audit.wants
    audit.offer(IMAGES[:30], None, 1)
    prints, complete = audit.training(None)
    assert (len(prints), complete) == (30, True)


def test_the_audit_is_bounded() -> None:
    audit = Audit()
    small = RNG.normal(size=(1024, 1, 4, 4)).astype(np.float32)
    for step in range(8):
        audit.offer(small + step, None, step)
    found = audit.statistic(8)
    assert found is not None
    assert found.images == MOST_IMAGES
    audit.pass_ended(8, complete=True)
    assert audit.training(None)[1] is False


def test_repeated_batches_are_counted_in_any_order_of_their_images() -> None:
    images = np.concatenate([IMAGES[:10], IMAGES[10:20], IMAGES[9::-1]])
    assert audited(images).repeated_batches == 1


def test_labels_in_order_are_told_from_labels_shuffled() -> None:
    labels = np.repeat([0, 1, 2], 200)
    batches = np.split(np.arange(600), 30)
    mean, shuffled, spread = entropies([labels[b] for b in batches])
    assert mean == 0.0
    assert shuffled == pytest.approx(math.log(3), abs=0.1)
    order = RNG.permutation(600)
    mean, shuffled, spread = entropies([labels[order[b]] for b in batches])
    assert abs(mean - shuffled) < 5 * spread


def test_one_class_alone_has_no_order() -> None:
    assert np.isnan(entropies([np.zeros(10, np.int64)] * 5)).all()
    assert np.isnan(entropies([])).all()


def test_batches_of_one_class_count_from_eight_images() -> None:
    labels = np.repeat(np.arange(6) % 3, 10)
    assert audited(IMAGES, labels).single_class_batches == 6
    assert audited(IMAGES, labels, size=5).single_class_batches == 0


def test_shares_at_the_extremes_are_those_of_all_values() -> None:
    images = np.clip(RNG.normal(size=(40, 2, 6, 6)), -1, 0.5).astype(np.float32)
    images[:10] = np.abs(images[:10])
    found = audited(images, size=7)
    for c in range(2):
        values = images[:, c]
        assert found.at_minimum[c] == pytest.approx((values == values.min()).mean())
        assert found.at_maximum[c] == pytest.approx((values == values.max()).mean())


def test_roughness_is_in_standard_deviations() -> None:
    images = np.cumsum(RNG.normal(size=(4, 1, 8, 32)), axis=3)
    found = roughness(images)
    assert math.isnan(found[0])
    for axis in (2, 3):
        expected = np.abs(np.diff(images, axis=axis)).mean() / images.std()
        assert found[axis - 1] == pytest.approx(expected)
    assert found[2] < found[1]
    assert np.isnan(roughness(np.ones((2, 1, 4, 4)))).all()


def test_arrays_given_as_a_whole_have_no_order_of_their_own() -> None:
    audit = Audit()
    audit.take_all(IMAGES, LABELS, complete=True)
    assert audit.training(None)[1]
    found = audit.statistic(None)
    assert found is not None
    assert (found.images, found.batches, found.duplicates) == (60, 0, 0)
    assert math.isnan(found.label_entropy)
    for step in range(ORDERED_BATCHES + 5):
        if audit.wants:
            audit.offer(IMAGES[:10], np.arange(10) % 3, step)
    assert not audit.wants
    found = audit.statistic(None)
    assert found is not None
    assert (found.images, found.batches) == (60, ORDERED_BATCHES)
    assert found.label_entropy > 1


@pytest.mark.parametrize("shape", [(5, 3), (5, 2, 9), (5, 1, 1, 1), (5, 1, 3, 3, 3)])
def test_any_shape_is_taken(shape: tuple[int, ...]) -> None:
    audit = Audit()
    audit.offer(RNG.normal(size=shape), None, 0)
    assert (audit.statistic(1) is None) == (len(shape) == 2)


def test_values_that_are_not_finite_do_no_harm() -> None:
    images = IMAGES.copy()
    images[0], images[1, 0, 0, 0] = np.nan, np.inf
    found = audited(images)
    assert found.duplicates == 0
    assert np.isfinite(found.at_minimum).all()
