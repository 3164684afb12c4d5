"""Replaced attributes: there, away for a while, there again, and gone."""

from __future__ import annotations

from typing import Any

from snellen.adapters.patches import Patches


class Base:
    def inherited(self) -> str:
        return "base"


class Owner(Base):
    def own(self) -> str:
        return "own"


def louder(original: Any, *args: Any) -> str:
    return original(*args).upper()


def said() -> tuple[str, str]:
    return Owner().own(), Owner().inherited()


def test_suspended_patches_come_back_and_undone_ones_do_not() -> None:
    patches = Patches()
    patches.around(Owner, "own", louder)
    patches.around(Owner, "own", lambda original, *args: f"<{original(*args)}>")
    patches.around(Owner, "inherited", louder)
    assert said() == ("<OWN>", "BASE")
    with patches.suspended():
        assert said() == ("own", "base")
        assert "inherited" not in vars(Owner)
    assert said() == ("<OWN>", "BASE")
    patches.undo()
    assert said() == ("own", "base")
    with patches.suspended():
        assert said() == ("own", "base")
    assert said() == ("own", "base")


def test_what_someone_has_put_over_ours_stays() -> None:
    patches = Patches()
    patches.around(Owner, "own", louder)
    ours = Owner.own
    Owner.own = lambda self: f"over {ours(self)}"  # type: ignore[method-assign]
    try:
        with patches.suspended():
            assert Owner().own() == "over OWN"
        assert Owner().own() == "over OWN"
    finally:
        Owner.own = ours  # type: ignore[method-assign]
        patches.undo()
    assert Owner().own() == "own"
