"""Held-out images against the training images."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from capture.fakes import FakeModel
from snellen.adapters.contract import Batch
from snellen.capture.fingerprints import Fingerprints
from snellen.capture.held_out import KEPT_IMAGES, MOST_IMAGES, HeldOut, Training
from snellen.capture.probe import Chunk
from snellen.capture.telling_apart import told_apart
from snellen.stats import HeldOutAudit

RNG = np.random.default_rng(0)
Images = npt.NDArray[np.float32]


def images(count: int, seed: int = 0, **changes: float) -> Images:
    random = np.random.default_rng(seed)
    scale, offset = changes.get("scale", 1.0), changes.get("offset", 0.0)
    return (random.normal(size=(count, 3, 8, 8)) * scale + offset).astype(np.float32)


TRAINING = images(200)
FRESH = images(100, seed=1)


def batch(x: Images, labels: Any = None) -> Batch:
    return Batch(x, len(x), labels, x)


def known(
    training: Images = TRAINING, complete: bool = True, population: int | None = None
) -> Training:
    return Training(Fingerprints.of(training), complete, population)


def audited(*batches: Images, training: Images = TRAINING) -> HeldOutAudit:
    held_out = HeldOut(FakeModel())  # type: ignore[arg-type]
    for x in batches:
        held_out.offer(batch(x), None)
    sample = [Chunk(training[:64], None, 64)]
    found = held_out.audit(known(training), sample, lambda labels: None)
    assert found is not None
    return found


def test_fresh_images_repeat_nothing() -> None:
    found = audited(FRESH)
    assert (found.images, found.training_images, found.repeated, found.near_repeated) == (
        100, 200, 0, 0,
    )  # fmt: skip
    assert found.training_complete
    assert found.mean == pytest.approx(FRESH.mean(axis=(0, 2, 3)), abs=1e-5)
    assert found.std == pytest.approx(FRESH.std(axis=(0, 2, 3)), abs=1e-5)
    assert found.training_mean == pytest.approx(TRAINING[:64].mean(axis=(0, 2, 3)), abs=1e-5)


def test_leaked_images_are_found_exactly_and_nearly() -> None:
    leaked = FRESH.copy()
    leaked[:30] = TRAINING[50:80]
    leaked[30:50] = TRAINING[100:120] * 1.1 + 0.01
    found = audited(leaked)
    assert (found.repeated, found.near_repeated) == (30, 20)
    assert found.near_expected == 0.0


def test_a_part_of_the_training_set_is_no_held_out_set() -> None:
    """Were it evaluated as if it was: all of it is repeated."""
    assert audited(TRAINING[:50]).repeated == 50


def test_evaluating_the_training_set_itself_is_no_leak() -> None:
    held_out = HeldOut(FakeModel())  # type: ignore[arg-type]
    for start in range(0, 200, 50):
        held_out.offer(batch(TRAINING[start : start + 50]), None)
    assert held_out.audit(known(), [], lambda labels: None) is None
    assert held_out.chunks(known()) == []
    found = audited(TRAINING[:50], TRAINING[50:100], FRESH)
    assert (found.images, found.repeated) == (100, 0)


LARGE = images(2000, seed=7)


def repeated(batches: list[Images], population: int | None = None, part: int = 1000) -> int:
    """Of a training set of 2000 images, of which `part` are known."""
    held_out = HeldOut(FakeModel())  # type: ignore[arg-type]
    for x in batches:
        held_out.offer(batch(x), None)
    training = known(LARGE[:part], complete=False, population=population)
    found = held_out.audit(training, [], lambda labels: None)
    return 0 if found is None else found.repeated


def test_evaluating_a_training_set_known_in_part_is_no_leak() -> None:
    shuffled = LARGE[np.random.default_rng(0).permutation(2000)]
    whole = np.split(shuffled, 10)
    assert repeated([*whole, FRESH]) == 0
    assert repeated(whole) == 0
    # 2,000 of a training set of 20,000, of which 1,000 are known.
    assert repeated([shuffled[:900], FRESH]) == 0
    assert repeated(whole, population=2000) == 0


def test_a_leak_from_a_training_set_known_in_part_is_found() -> None:
    shuffled = LARGE[np.random.default_rng(0).permutation(2000)]
    leaked = shuffled[:300]
    count = sum(x.tobytes() in {y.tobytes() for y in LARGE[:1000]} for x in leaked)
    assert repeated([leaked[:100], leaked[100:200], leaked[200:]]) == count
    assert repeated([leaked], population=2000) == count
    mixed = np.concatenate([FRESH, leaked])[np.random.default_rng(1).permutation(400)]
    assert repeated(np.split(mixed, 4), population=2000) == count


def test_the_same_images_again_are_not_taken_again() -> None:
    held_out = HeldOut(FakeModel())  # type: ignore[arg-type]
    for _ in range(3):
        held_out.offer(batch(FRESH), None)
    assert not held_out.wants
    found = held_out.audit(known(), [], lambda labels: None)
    assert found is not None
    assert found.images == 100


def test_what_is_kept_is_bounded() -> None:
    held_out = HeldOut(FakeModel())  # type: ignore[arg-type]
    for seed in range(20):
        if held_out.wants:
            held_out.offer(batch(images(250, seed)), None)
    chunks = held_out.chunks(known())
    assert sum(chunk.images for chunk in chunks) == KEPT_IMAGES
    found = held_out.audit(known(TRAINING + 50), [], lambda labels: None)
    assert found is not None
    assert found.images == MOST_IMAGES


def test_labels_are_counted() -> None:
    held_out = HeldOut(FakeModel())  # type: ignore[arg-type]
    labels = np.arange(100) % 4
    held_out.offer(batch(FRESH, labels), labels)
    found = held_out.audit(known(), [], lambda labels: labels)
    assert found is not None
    assert found.counts.tolist() == [25] * 4
    (first, second) = held_out.chunks(known())
    assert np.concatenate([first.labels, second.labels]).tolist() == labels.tolist()


def test_other_pixels_are_told_apart_and_alike_ones_are_not() -> None:
    same = audited(images(100, seed=5))
    assert same.separability < 0.5 + 4 * same.separability_error
    other = audited(images(100, seed=5, scale=2.0))
    assert other.separability > 0.95


def test_a_balanced_probe_is_compared_with_equally_many_of_each_class() -> None:
    """Class 1 is brighter; the probe is balanced and the held-out images are not."""
    held_out = HeldOut(FakeModel())  # type: ignore[arg-type]
    labels = np.repeat([0, 1], [240, 60])
    x = images(300, seed=3) + labels[:, None, None, None].astype(np.float32)
    held_out.offer(batch(x, labels), labels)
    even = np.repeat([0, 1], 150)
    probe = images(300, seed=4) + even[:, None, None, None].astype(np.float32)
    sample = [Chunk(probe, even, 300)]
    found = held_out.audit(known(probe), sample, lambda labels: labels)
    assert found is not None
    assert found.separability < 0.5 + 4 * found.separability_error


def test_few_images_are_not_told_apart() -> None:
    few = RNG.normal(size=(39, 3))
    assert np.isnan(told_apart(few, RNG.normal(size=(500, 3)))).all()


def test_the_error_is_that_of_repeated_draws() -> None:
    found = [
        told_apart(RNG.normal(size=(60, 2)) + 0.8, RNG.normal(size=(60, 2))) for _ in range(40)
    ]
    assert np.std([auc for auc, _ in found]) == pytest.approx(
        np.mean([error for _, error in found]), rel=0.4
    )
