"""Probes answer for images they have not seen, and chance is what permuted labels give."""

from __future__ import annotations

import numpy as np
import pytest

from snellen.symptoms.probing import above_null, accuracy_gain, chosen, out_of_fold, permuted


def blobs(
    per_class: int = 40, classes: int = 3, apart: float = 4.0, columns: int = 8, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(classes), per_class)
    features = rng.normal(size=(len(labels), columns))
    features[np.arange(len(labels)), labels] += apart
    return features, labels


def test_separate_classes_are_read_and_rows_are_probabilities() -> None:
    features, labels = blobs()

    p = out_of_fold(features, labels)

    assert p.shape == (120, 3)
    assert p.sum(axis=1) == pytest.approx(np.ones(120))
    assert (chosen(p) == labels).mean() > 0.95


def test_labels_without_relation_are_read_no_better_than_by_chance() -> None:
    features, labels = blobs(apart=0.0, columns=64)
    # A probe that saw its own images would read 64 columns of noise nearly perfectly.
    assert (chosen(out_of_fold(features, labels)) == labels).mean() < 0.5


def test_the_same_arguments_give_the_same_answer_and_another_seed_another_one() -> None:
    features, labels = blobs(apart=1.0)

    once, again = out_of_fold(features, labels), out_of_fold(features, labels)

    np.testing.assert_array_equal(once, again)
    assert not np.array_equal(once, out_of_fold(features, labels, seed=1))


@pytest.mark.parametrize("factor", [1e-30, 1e-3, 1e6, 1e200])
def test_the_scale_of_features_does_not_matter(factor: float) -> None:
    features, labels = blobs()
    np.testing.assert_allclose(
        out_of_fold(features * factor + factor, labels), out_of_fold(features, labels), atol=1e-6
    )


@pytest.mark.parametrize(("rare", "known"), [(4, False), (5, True)])
def test_a_class_with_fewer_images_than_folds_is_left_out(rare: int, known: bool) -> None:
    features, labels = blobs()
    kept = np.concatenate([np.arange(80), 80 + np.arange(rare)])

    p = out_of_fold(features[kept], labels[kept])

    assert np.isfinite(p[:80]).all()
    assert np.isfinite(p[80:]).all() == known


def test_images_without_label_or_with_features_that_are_not_finite_are_left_out() -> None:
    features, labels = blobs()
    labels = labels.copy()
    labels[3] = -1
    features[7, 0] = np.inf

    p = out_of_fold(features, labels)

    assert np.flatnonzero(np.isnan(p).all(axis=1)).tolist() == [3, 7]
    assert chosen(p)[[3, 7]].tolist() == [-1, -1]


@pytest.mark.parametrize(
    ("features", "labels"),
    [
        (np.zeros((0, 4)), np.zeros(0, int)),
        (np.zeros((20, 0)), np.arange(20) % 2),
        (np.full((20, 3), 7.3), np.arange(20) % 2),
        (np.full((20, 3), np.nan), np.arange(20) % 2),
        (np.random.default_rng(0).normal(size=(20, 3)), np.zeros(20, int)),
        (np.random.default_rng(0).normal(size=(20, 3)), np.full(20, -1)),
    ],
)
def test_where_nothing_can_be_read_every_row_is_nan(
    features: np.ndarray, labels: np.ndarray
) -> None:
    p = out_of_fold(features, labels)
    assert len(p) == len(labels)
    assert np.isnan(p).all()
    assert (chosen(p) == -1).all()


def test_features_and_labels_of_different_images_are_refused() -> None:
    with pytest.raises(ValueError, match="features of 3 images and 4 labels"):
        out_of_fold(np.zeros((3, 2)), np.zeros(4, int))


def test_a_balanced_probe_finds_a_rare_class_that_overlaps() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [300, 20])
    features = rng.normal(size=(320, 2)) + 1.5 * labels[:, None]

    plain, balanced = (
        (chosen(out_of_fold(features, labels, balanced=b)) == labels)[labels == 1].mean()
        for b in (False, True)
    )

    assert plain < 0.4 < 0.65 < balanced


def test_a_gain_is_counted_image_by_image() -> None:
    labels = np.zeros(100, np.int64)
    before, after = np.ones(100, np.int64), np.ones(100, np.int64)
    before[:60], after[:70] = 0, 0

    found = accuracy_gain(before, after, labels)

    assert (found.images, found.before, found.after) == (100, 0.6, 0.7)
    assert found.gain == pytest.approx(0.1)
    assert found.standard_error == pytest.approx(np.sqrt(0.1 * 0.9 / 99))
    assert found.p_value == pytest.approx(0.5**10)


def test_images_that_either_did_not_answer_are_not_compared() -> None:
    found = accuracy_gain(np.array([-1, 0, 1]), np.array([0, -1, 0]), np.zeros(3, np.int64))
    assert (found.images, found.before, found.after) == (1, 0.0, 1.0)
    assert np.isnan(found.standard_error)
    nothing = accuracy_gain(np.array([-1]), np.array([0]), np.zeros(1, np.int64))
    assert (nothing.images, nothing.p_value) == (0, 1.0)


def test_permuted_labels_keep_their_counts_and_lose_their_order() -> None:
    labels = np.repeat([0, 1], 50)
    counts = permuted(lambda order: np.bincount(order), labels, rounds=20)
    overlap = permuted(lambda order: (order == labels).mean(), labels, rounds=200)

    assert counts.shape == (20, 2)
    assert (counts == 50).all()
    assert 0.45 < overlap.mean() < 0.55
    np.testing.assert_array_equal(
        overlap, permuted(lambda order: (order == labels).mean(), labels, rounds=200)
    )


def test_a_permutation_test_is_never_surer_than_its_rounds() -> None:
    null = np.arange(199.0)
    assert above_null(1e9, null) == 1 / 200
    assert above_null(198.0, null) == 2 / 200
    assert above_null(-1.0, null) == 1.0
    assert np.isnan(above_null(np.nan, null))
    assert np.isnan(above_null(1.0, np.zeros(0)))
