"""Settings of the optimiser: learning rate, decay, momentum, averages, epsilon, Keras' clipping."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from snellen.causes import Edit, Setting
from snellen.trials.edits.script import (
    Replacement,
    Script,
    UnsureError,
    called,
    keyword,
    whole,
)
from snellen.trials.edits.values import bound, constant, literal, same, shown

OPTIMISERS = (
    "SGD",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "Nadam",
    "RAdam",
    "RMSprop",
    "Adagrad",
    "Adadelta",
    "ASGD",
    "Rprop",
    "Lion",
    "Lamb",
    "Ftrl",
    "Adafactor",
    "Muon",
)
PLACES: dict[str, dict[str, tuple[str, ...]]] = {
    "torch": {
        "": ("params", "lr"),
        "SGD": ("params", "lr", "momentum", "dampening", "weight_decay"),
        "Adam": ("params", "lr", "betas", "eps", "weight_decay"),
        "AdamW": ("params", "lr", "betas", "eps", "weight_decay"),
        "NAdam": ("params", "lr", "betas", "eps", "weight_decay"),
        "RAdam": ("params", "lr", "betas", "eps", "weight_decay"),
        "Adamax": ("params", "lr", "betas", "eps", "weight_decay"),
        "RMSprop": ("params", "lr", "alpha", "eps", "weight_decay", "momentum"),
        "Adagrad": ("params", "lr", "lr_decay", "weight_decay"),
    },
    "keras": {
        "": ("learning_rate",),
        "SGD": ("learning_rate", "momentum", "nesterov"),
        "Adam": ("learning_rate", "beta_1", "beta_2", "epsilon"),
        "Adamax": ("learning_rate", "beta_1", "beta_2", "epsilon"),
        "Nadam": ("learning_rate", "beta_1", "beta_2", "epsilon"),
        "AdamW": ("learning_rate", "weight_decay", "beta_1", "beta_2", "epsilon"),
        "RMSprop": ("learning_rate", "rho", "momentum", "epsilon"),
    },
}
"""What the arguments without a keyword are; under the empty name, of any other optimiser."""
RATE = {"torch": "lr", "keras": "learning_rate"}
SHORT = {
    "sgd": "SGD",
    "adam": "Adam",
    "adamw": "AdamW",
    "rmsprop": "RMSprop",
    "adagrad": "Adagrad",
    "nadam": "Nadam",
    "adamax": "Adamax",
}
"""Keras' optimisers by what `compile` takes for them."""


def optimisers(script: Script, framework: str) -> list[ast.Call]:
    """The calls that make one. Raises `UnsureError` without any."""
    made = script.calls(*OPTIMISERS)
    if framework == "torch":
        made = [call for call in made if call.args or keyword(call, "params")]
    if not made:
        raise UnsureError("no optimiser is made in this script itself")
    return made


def argument(call: ast.Call, framework: str, *names: str) -> ast.expr | None:
    """What the call gives under one of these names, by keyword or by place. Raises `UnsureError`
    where something comes by `*` or `**`."""
    if not whole(call):
        raise UnsureError("arguments come by `*` or `**`", call.lineno)
    told = keyword(call, *names)
    if told is not None:
        return told.value
    places = PLACES[framework].get(called(call), PLACES[framework][""])
    for place, name in enumerate(places[: len(call.args)]):
        if name in names:
            return call.args[place]
    return None


def learning_rate(script: Script, edit: Edit, framework: str) -> list[Replacement]:
    """The rate, that of a schedule it is given by, or the default that was in force."""
    name, value = RATE[framework], repr(edit.becomes)
    if framework == "torch":
        if highest := _highest(script, edit):
            return highest
        _no_rates_of_groups(script)
    elif (named := _by_name(script, edit)) is not None:
        return [named]
    calls = optimisers(script, framework)
    missing = [call for call in calls if argument(call, framework, name) is None]
    if missing and len(calls) == 1:
        return [script.argument_added(missing[0], f"{name}={value}")]
    given = [node for c in calls if (node := argument(c, framework, name)) is not None]
    return [script.instead(_only(script, given, edit.was, _rate_of), value)]


def _rate_of(script: Script, node: ast.expr, was: Any) -> ast.expr:
    """Of a schedule, the one number that the run's highest rate was."""
    made = bound(script, node) if isinstance(node, ast.Name) else node
    if not (isinstance(made, ast.Call) and called(made) not in ("float", "int")):
        return literal(script, node, was)
    inner = [*made.args, *(given.value for given in made.keywords)]
    found: list[ast.expr] = []
    for one in inner:
        known, value = constant(one)
        if known and was is not None and same(value, was):
            found.append(one)
    if len(found) != 1:
        raise UnsureError("the rate is computed, or given by a schedule", made.lineno)
    return found[0]


def _highest(script: Script, edit: Edit) -> list[Replacement]:
    """`max_lr` of a cycle, which the optimiser's own rate has no part in."""
    found: list[ast.expr] = []
    for call in script.calls("OneCycleLR"):
        told = keyword(call, "max_lr")
        node = told.value if told else call.args[1] if len(call.args) > 1 else None
        if node is None:
            raise UnsureError("the rate is given by a cycle", call.lineno)
        found.append(node)
    if not found:
        return []
    return [script.instead(_only(script, found, edit.was), repr(edit.becomes))]


def _no_rates_of_groups(script: Script) -> None:
    for node in ast.walk(script.tree):
        if isinstance(node, ast.Dict):
            keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
            if {"params", "lr"} <= keys:
                raise UnsureError("groups of parameters have rates of their own", node.lineno)


def _by_name(script: Script, edit: Edit) -> Replacement | None:
    """`optimizer="adam"` of `compile`, where the default rate was in force."""
    told = [k for call in script.calls("compile") if (k := keyword(call, "optimizer")) is not None]
    texts = [k.value for k in told if isinstance(k.value, ast.Constant)]
    if len(told) != 1 or not texts:
        return None
    name = SHORT.get(str(texts[0].value).lower())
    if name is None or not script.imported("keras"):
        raise UnsureError("the optimiser is given by its name alone", texts[0].lineno)
    return script.instead(texts[0], f"keras.optimizers.{name}(learning_rate={edit.becomes!r})")


def weight_decay(script: Script, edit: Edit, framework: str) -> list[Replacement]:
    """The optimiser's `weight_decay`, where it is given."""
    return [_given(script, edit, framework, repr(edit.becomes), "weight_decay")]


def momentum(script: Script, edit: Edit, framework: str) -> list[Replacement]:
    return [_given(script, edit, framework, repr(edit.becomes), "momentum")]


def epsilon(script: Script, edit: Edit, framework: str) -> list[Replacement]:
    return [_given(script, edit, framework, repr(edit.becomes), "eps", "epsilon")]


def betas(script: Script, edit: Edit, framework: str) -> list[Replacement]:
    """`betas=(0.9, 0.999)` of PyTorch; of Keras `beta_1` and `beta_2`, each where it is given."""
    first, second = edit.becomes
    if framework == "torch":
        return [_given(script, edit, framework, f"({first!r}, {second!r})", "betas")]
    was: Sequence[Any] = edit.was or (None, None)
    made: list[Replacement] = []
    for name, old, new in (("beta_1", was[0], first), ("beta_2", was[1], second)):
        if old is None or not same(old, new):
            one = Edit(Setting.BETAS, new, old)
            made.append(_given(script, one, framework, repr(new), name))
    return made


def keras_clipping(script: Script, edit: Edit) -> list[Replacement]:
    """The limit on a norm that a Keras optimiser is given."""
    value = repr(edit.becomes)
    return [_given(script, edit, "keras", value, "clipnorm", "global_clipnorm")]


def _given(script: Script, edit: Edit, framework: str, becomes: str, *names: str) -> Replacement:
    calls = optimisers(script, framework)
    given = [node for c in calls if (node := argument(c, framework, *names)) is not None]
    if not given:
        raise UnsureError(f"no optimiser of this script is given `{names[0]}`", calls[0].lineno)
    return script.instead(_only(script, given, edit.was), becomes)


Find = Callable[[Script, ast.expr, Any], ast.expr]


def _only(script: Script, given: Sequence[ast.expr], was: Any, find: Find = literal) -> ast.expr:
    """The one literal that these expressions lead to. Of several optimisers only the one that the
    run knows is changed; which, is told by what it was."""
    found: dict[int, ast.expr] = {}
    refused: UnsureError | None = None
    for node in given:
        try:
            place = find(script, node, was)
        except UnsureError as error:
            refused = refused or error
            continue
        found[script.start(place)] = place
    if len(found) == 1 and (refused is None or was is not None):
        return next(iter(found.values()))
    if refused is not None and not found:
        raise refused
    value = "" if was is None else f" {shown(was)}"
    raise UnsureError(f"several optimisers may be meant by this{value}", given[0].lineno)
