"""What parameter groups hold while an update is made."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import Any

from torch.optim.optimizer import (
    Optimizer,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from snellen.adapters.patches import Patches

Group = dict[str, Any]


def during_updates(
    patches: Patches,
    instead: Callable[[Optimizer, Group], Mapping[str, Any]],
    changed: Callable[[], None],
) -> None:
    """`instead(optimizer, group)` gives what the group holds during the update in place of its own
    values; `changed()` comes once for each update that has any.

    Between updates the groups hold the script's values, so that schedulers and loops that set or
    read them go on as they are.
    """
    kept: weakref.WeakKeyDictionary[Optimizer, list[tuple[Group, Group, Group]]] = (
        weakref.WeakKeyDictionary()
    )
    """Groups, what they held, and what we put there."""

    def restore(optimizer: Optimizer) -> None:
        for group, own, ours in kept.pop(optimizer, []):
            # What the script has set meanwhile stays.
            group.update({key: own[key] for key in own if group.get(key) is ours[key]})

    def before(optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        del args, kwargs
        # The update before has raised, and the script went on.
        restore(optimizer)
        # An optimizer that wraps another shares its groups.
        busy = {id(group) for others in kept.values() for group, *_ in others}
        mine: list[tuple[Group, Group, Group]] = []
        for group in optimizer.param_groups:
            ours = dict(instead(optimizer, group)) if id(group) not in busy else {}
            if ours:
                mine.append((group, {key: group[key] for key in ours}, ours))
                group.update(ours)
        if mine:
            kept[optimizer] = mine
            changed()

    def after(optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        del args, kwargs
        restore(optimizer)

    patches.hook(register_optimizer_step_pre_hook(before))
    patches.hook(register_optimizer_step_post_hook(after))


def before_updates(patches: Patches, ready: Callable[[Optimizer], None]) -> None:
    """`ready(optimizer)` comes when the gradients of an update are there and it has yet to be made:
    before the step, or after each evaluation of its closure."""

    def before(optimizer: Optimizer, args: Any, kwargs: Any) -> tuple[Any, Any] | None:
        closure = kwargs.get("closure") or (args[1] if len(args) > 1 else None)
        if not callable(closure):
            ready(optimizer)
            return None

        def evaluated() -> Any:
            loss = closure()
            ready(optimizer)
            return loss

        if "closure" in kwargs:
            return args, {**kwargs, "closure": evaluated}
        return (args[0], evaluated, *args[2:]), kwargs

    patches.hook(register_optimizer_step_pre_hook(before))


def after_updates(patches: Patches, made: Callable[[Optimizer], None]) -> None:
    """`made(optimizer)` comes after each update."""

    def after(optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        del args, kwargs
        made(optimizer)

    patches.hook(register_optimizer_step_post_hook(after))
