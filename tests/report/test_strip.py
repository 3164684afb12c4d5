"""A line of blocks that never hides a kind of channel."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from snellen.report.health import Health, LayerHealth
from snellen.report.strip import (
    ASCII_BLOCKS,
    BLOCKS,
    COLOURS,
    cells,
    folded,
    tally,
)

channels_of = st.lists(st.sampled_from(list(Health)), min_size=1, max_size=300)


def test_every_kind_has_a_sign_of_its_own() -> None:
    for signs in (BLOCKS, ASCII_BLOCKS):
        assert len(set(signs.values())) == len(Health)
        assert all(len(sign) == 1 for sign in signs.values())
    assert set(COLOURS) == set(Health)
    assert "".join(ASCII_BLOCKS.values()).isascii()


@given(channels_of)
def test_channels_that_fit_are_shown_one_by_one_in_their_order(channels: list[Health]) -> None:
    assert cells(channels, len(channels)) == tuple(channels)


@given(channels_of, st.integers(len(Health), 80))
def test_no_kind_is_lost_and_none_made_up(channels: list[Health], width: int) -> None:
    shown = cells(channels, width)
    assert set(shown) == set(channels)
    assert len(shown) == min(width, len(channels))


@given(channels_of, st.integers(len(Health), 80))
def test_more_channels_never_get_fewer_cells(channels: list[Health], width: int) -> None:
    shown = cells(channels, width)
    kinds = sorted(set(channels), key=channels.count)
    for fewer, more in pairwise(kinds):
        if channels.count(fewer) < channels.count(more):
            assert shown.count(fewer) <= shown.count(more)


def test_the_tally_in_words() -> None:
    alive, dead, constant = Health.ALIVE, Health.DEAD, Health.CONSTANT
    assert tally(LayerHealth("x", (alive,) * 3)) == "3 alive"
    assert tally(LayerHealth("x", (alive, dead))) == "1 of 2 dead"
    assert tally(LayerHealth("x", (constant, dead, alive))) == "1 constant, 1 dead of 3"


def layers(faulty: set[int], number: int) -> list[LayerHealth]:
    kinds = (Health.ALIVE, Health.DEAD)
    return [LayerHealth(f"l{i}", (kinds[i in faulty],) * 2) for i in range(number)]


@given(st.integers(0, 60), st.sets(st.integers(0, 59), max_size=10))
def test_folding_counts_what_it_leaves_out_and_keeps_the_faulty(
    number: int, faulty: set[int]
) -> None:
    rows = folded(layers(faulty, number), 30)
    shown = [row for row in rows if isinstance(row, LayerHealth)]
    assert len(shown) == min(number, 30)
    assert len(shown) + sum(row for row in rows if isinstance(row, int)) == number
    names = [row.layer for row in shown]
    assert names == sorted(names, key=lambda name: int(name[1:]))
    assert {f"l{i}" for i in faulty if i < number} <= set(names)
