"""Every global seed is shifted, and nothing that the script keeps apart from them."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
import torch

from adapters.changes.torch.trainings_updates import changed

DRAW: dict[str, Callable[[], float]] = {
    "python": random.random,
    "numpy": np.random.rand,
    "torch": lambda: float(torch.rand(())),
}


def seeded(place: str, seed: int) -> float:
    """What is drawn first, looked up as a script does."""
    if place == "random.seed":
        random.seed(a=seed)
    elif place == "np.random.seed":
        np.random.seed(seed=seed)
    elif place == "torch.random.manual_seed":
        torch.random.manual_seed(seed)
    else:
        torch.manual_seed(seed)
    stream = {"random.seed": "python", "np.random.seed": "numpy"}.get(place, "torch")
    return DRAW[stream]()


PLACES = ["random.seed", "np.random.seed", "torch.manual_seed", "torch.random.manual_seed"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1])
def test_a_seed_is_shifted_by_the_offset(place: str, seed: int) -> None:
    wanted = seeded(place, (seed + 3) % 2**32 if place == "np.random.seed" else seed + 3)
    with changed("seed", offset=3) as effect:
        assert seeded(place, seed) == wanted
    assert effect.done["seeds shifted"] == 1
    assert seeded(place, seed) == seeded(place, seed) != wanted


def test_the_largest_seeds_wrap() -> None:
    with changed("seed", offset=5):
        torch.manual_seed(2**64 - 1)
        torch.manual_seed(2**63 - 1)
        torch.manual_seed(-(2**63))


def test_a_script_that_sets_none_gets_one() -> None:
    def drawn(offset: int) -> list[float]:
        with changed("seed", offset=offset) as effect:
            values = [draw() for draw in DRAW.values()]
        assert effect.done == {"random streams begun with a seed": 1}
        return values

    assert drawn(1) == drawn(1)
    assert all(a != b for a, b in zip(drawn(1), drawn(2), strict=True))


def test_an_offset_of_nothing_touches_nothing() -> None:
    seeds = random.seed, np.random.seed, torch.manual_seed
    torch.manual_seed(0)
    wanted = torch.rand(2)
    torch.manual_seed(0)
    with changed("seed", offset=0) as effect:
        assert torch.equal(torch.rand(2), wanted)
        assert seeds == (random.seed, np.random.seed, torch.manual_seed)
    assert not effect.done


def test_generators_of_the_scripts_own_keep_their_seeds() -> None:
    def drawn() -> list[float]:
        generator = torch.Generator().manual_seed(4)
        return [
            float(torch.rand((), generator=generator)),
            np.random.default_rng(4).random(),
            np.random.RandomState(4).rand(),
            random.Random(4).random(),
        ]

    wanted = drawn()
    with changed("seed", offset=9):
        assert drawn() == wanted
        split = torch.utils.data.random_split(range(9), [6, 3], torch.Generator().manual_seed(1))  # pyright: ignore[reportArgumentType]
    again = torch.utils.data.random_split(range(9), [6, 3], torch.Generator().manual_seed(1))  # pyright: ignore[reportArgumentType]
    assert split[0].indices == again[0].indices


def test_seeds_that_are_drawn_stay_drawn() -> None:
    with changed("seed", offset=3) as effect:
        random.seed()
        np.random.seed()
        random.seed(None)
        torch.seed()
        random.seed("a word")
    assert "seeds shifted" not in effect.done
    assert effect.limits == ("seeds that are no whole numbers stay",)


def test_seeds_of_the_devices_are_shifted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seeds: list[int] = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeds.append)
    with changed("seed", offset=3):
        torch.manual_seed(10)
        torch.cuda.manual_seed_all(20)
    assert seeds[-2:] == [13, 23]


def test_numbers_of_numpy_and_tensors_are_seeds_too() -> None:
    with changed("seed", offset=3):
        torch.manual_seed(np.int64(4))  # pyright: ignore[reportArgumentType]
        first = torch.rand(1)
        torch.manual_seed(torch.tensor(4))  # pyright: ignore[reportArgumentType]
        assert torch.equal(torch.rand(1), first)
    torch.manual_seed(7)
    assert torch.equal(torch.rand(1), first)
