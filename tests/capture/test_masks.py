"""Masks that lie on their images, and masks that only would if they were turned."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from snellen.capture.masks import mask_fit

CE = {"name": "cross_entropy", "labels": "integers"}
BCE = {"name": "binary_cross_entropy_with_logits"}


def blobs(
    count: int = 40, side: tuple[int, int] = (48, 48), seed: int = 0
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Bright ellipses away from the middle on noise, and where they are."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: side[0], : side[1]]
    masks = np.zeros((count, *side), np.int64)
    for mask in masks:
        middle = np.array(side) * rng.uniform(0.15, 0.4, 2)
        wide, high = rng.uniform(3, 9, 2)
        mask[((rows - middle[0]) / high) ** 2 + ((columns - middle[1]) / wide) ** 2 < 1] = 1
    images = masks + 0.3 * rng.standard_normal(masks.shape)
    return images[:, None].astype(np.float32), masks


def turned(masks: npt.NDArray[np.int64], share: float, seed: int = 1) -> npt.NDArray[np.int64]:
    """So many of them flipped from left to right."""
    chosen = np.random.default_rng(seed).permutation(len(masks)) < share * len(masks)
    return np.where(chosen[:, None, None], masks[:, :, ::-1], masks)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("side", [(48, 48), (40, 64)])
def test_counts_the_masks_that_were_turned(share: float, side: tuple[int, int]) -> None:
    images, masks = blobs(side=side)
    found = mask_fit(images, turned(masks, share), CE, 1)
    assert found is not None
    assert (found.images, found.telling) == (40, 40)
    assert found.turned == 40 * share


def test_the_gain_is_that_of_the_variance_explained() -> None:
    images, masks = blobs(1, side=(64, 64), seed=4)
    flipped = masks[:, :, ::-1]

    def explained(mask: npt.NDArray[np.int64]) -> float:
        values, inside = images[0, 0].astype(np.float64), mask[0] == 1
        means = np.where(inside, values[inside].mean(), values[~inside].mean())
        return float(means.var() / values.var())

    found = mask_fit(images, flipped, CE, 1)
    assert found is not None
    assert found.gain == pytest.approx(explained(masks) - explained(flipped))


@pytest.mark.parametrize(
    ("form", "loss", "axis"),
    [
        (lambda m: m, CE, 1),
        (lambda m: np.eye(2)[m], CE | {"labels": "one-hot"}, 3),
        (lambda m: m[:, None].astype(np.float32), BCE, 1),
        (lambda m: m[..., None].astype(np.float32), BCE, 3),
        (lambda m: m[:, ::2, ::2], CE, 1),
        # Positions that the loss leaves out.
        (lambda m: np.where(np.arange(48) < 4, -100, m), CE, 1),
    ],
)
def test_masks_of_every_form(form: Any, loss: dict[str, Any], axis: int) -> None:
    images, masks = blobs()
    straight = mask_fit(images, form(masks), loss, axis)
    wrong = mask_fit(images, form(turned(masks, 1.0)), loss, axis)
    assert straight is not None
    assert wrong is not None
    assert straight.telling >= 38
    assert (straight.turned, wrong.turned) == (0, wrong.telling)


def test_texture_tells_where_brightness_does_not() -> None:
    rng = np.random.default_rng(0)
    _, masks = blobs()
    images = rng.standard_normal((40, 1, 48, 48)) * np.where(masks[:, None] == 1, 3.0, 0.3)
    found = mask_fit(images, turned(masks, 0.5), CE, 1)
    assert found is not None
    assert found.turned == 20


def test_what_has_nothing_to_do_with_the_image_tells_nothing() -> None:
    images, masks = blobs()
    noise = np.random.default_rng(3).standard_normal(images.shape)
    found = mask_fit(noise, masks, CE, 1)
    assert found is not None
    assert found.telling == 0
    assert np.isnan(found.gain)


def test_masks_that_look_alike_from_all_sides_tell_nothing() -> None:
    rows, columns = np.mgrid[:48, :48]
    ring = (np.hypot(rows - 23.5, columns - 23.5) < 12).astype(np.int64)
    masks = np.repeat(ring[None], 20, axis=0)
    found = mask_fit(masks[:, None] + 0.1, masks, CE, 1)
    assert found is not None
    assert (found.telling, found.turned) == (0, 0)


@pytest.mark.parametrize(
    ("images", "labels", "loss"),
    [
        (np.zeros((8, 1, 8, 8)), np.zeros(8, np.int64), CE),
        (np.zeros((8, 1, 8)), np.zeros((8, 8), np.int64), CE),
        (np.zeros((8, 1, 8, 8)), np.zeros((8, 3), np.float32), BCE),
        (np.zeros((8, 1, 8, 8, 8)), np.zeros((8, 8, 8, 8), np.int64), CE),
        (np.zeros((8, 1, 8, 8)), np.zeros((8, 8, 8)), {"name": "mse"}),
    ],
)
def test_other_labels_are_no_masks(
    images: npt.NDArray[Any], labels: npt.NDArray[Any], loss: dict[str, Any]
) -> None:
    assert mask_fit(images, labels, loss, 1) is None
