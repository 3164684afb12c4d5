"""How images come: batch size, epochs, shuffling, scaling."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Any

from snellen.causes import Edit
from snellen.trials.edits.script import (
    Function,
    Replacement,
    Script,
    UnsureError,
    called,
    keyword,
    root,
    whole,
)
from snellen.trials.edits.values import bound, constant, literal, same

BATCH_NAMES = re.compile(r"(?i)^(batch|batch_?size|bs)$")
EPOCH_NAMES = re.compile(r"(?i)^((n|num|number_of|max)_?)?epochs?$")


def batch_size(script: Script, edit: Edit, framework: str) -> list[Replacement]:
    """`batch_size` of the loader or of `fit`, or the script's own constant of that name."""
    becomes = repr(edit.becomes)
    if (constant_ := _named(script, BATCH_NAMES, edit.was)) is not None:
        return [script.instead(constant_, becomes)]
    if framework == "torch":
        given = [
            (call, told.value if told else call.args[1])
            for call in script.calls("DataLoader")
            if (told := keyword(call, "batch_size")) or len(call.args) > 1
        ]
    else:
        given = [
            (call, told.value)
            for call in script.calls("fit", "flow")
            if (told := keyword(call, "batch_size"))
        ]
    found = {script.start(p): (c, p) for c, n in given if (p := _tried(script, n, edit.was))}
    if len(found) > 1 and framework == "torch":
        shuffled = {k: v for k, v in found.items() if _shuffles(v[0])}
        found = shuffled or found
    if len(found) != 1:
        raise UnsureError(
            "the size of the batches is no plain `batch_size`",
            given[0][0].lineno if given else None,
        )
    return [script.instead(next(iter(found.values()))[1], becomes)]


def epochs(script: Script, edit: Edit, framework: str) -> list[Replacement]:
    """`epochs` of `fit`, the range of the loop over epochs, or the script's constant."""
    becomes = repr(edit.becomes)
    if (constant_ := _named(script, EPOCH_NAMES, edit.was)) is not None:
        return [script.instead(constant_, becomes)]
    given: list[ast.expr] = []
    if framework == "keras":
        given = [k.value for call in script.calls("fit") if (k := keyword(call, "epochs"))]
    for loop in (node for node in ast.walk(script.tree) if isinstance(node, ast.For)):
        match loop:
            case ast.For(
                target=ast.Name(id=name), iter=ast.Call(func=ast.Name(id="range"), args=[end])
            ) if "epoch" in name.lower() or (name == "_" and framework == "torch"):
                given.append(end)
            case _:
                pass
    found = {script.start(p): p for node in given if (p := _tried(script, node, edit.was))}
    if len(found) != 1:
        raise UnsureError("how long it trains is no plain number of epochs")
    return [script.instead(next(iter(found.values())), becomes)]


def shuffling(script: Script, edit: Edit, framework: str) -> list[Replacement]:
    """`shuffle=True` for the loader that is trained on, or for `fit`."""
    del edit
    if framework == "keras":
        calls = [(c, k) for c in script.calls("fit") if (k := keyword(c, "shuffle")) is not None]
        off = [k.value for _, k in calls if constant(k.value) == (True, False)]
        if len(off) != 1:
            raise UnsureError("no `fit` is told not to shuffle")
        return [script.instead(off[0], "True")]
    call = _training_loader(script)
    if not whole(call) or keyword(call, "sampler", "batch_sampler"):
        raise UnsureError("a sampler draws the order", call.lineno)
    told = keyword(call, "shuffle")
    place = told.value if told else call.args[2] if len(call.args) > 2 else None
    if place is None:
        return [script.argument_added(call, "shuffle=True")]
    return [script.instead(literal(script, place, False), "True")]


def scaling(script: Script, edit: Edit, framework: str) -> list[Replacement]:
    """The images are scaled where they enter the model, in training and in evaluation alike."""
    mean: Sequence[float] = edit.becomes["mean"]
    deviation: Sequence[float] = edit.becomes["deviation"]
    if framework == "keras":
        return [_keras_scaling(script, mean, deviation)]
    return [_forward_scaling(script, mean, deviation)]


def _keras_scaling(
    script: Script, mean: Sequence[float], deviation: Sequence[float]
) -> Replacement:
    """A layer behind the input of the one model there is."""
    prefix = _layers_prefix(script)
    if not any(mean) and len(set(deviation)) == 1:
        factor = "1 / 255" if deviation[0] == 255 else repr(float(f"{1 / deviation[0]:.4g}"))
        layer = f"{prefix}Rescaling({factor})"
    else:
        variance = [float(f"{one**2:.4g}") for one in deviation]
        layer = f"{prefix}Normalization(mean={list(mean)!r}, variance={variance!r})"
    stacks = [
        call
        for call in script.calls("Sequential")
        if call.args and isinstance(call.args[0], ast.List) and call.args[0].elts
    ]
    if len(stacks) == 1 and not script.calls("Model"):
        return _first_in_a_stack(script, stacks[0].args[0], layer)
    inputs = script.calls("Input")
    if len(inputs) == 1 and not stacks:
        over = script.parent(inputs[0])
        match over:
            case ast.Assign(targets=[ast.Name(id=name)]):
                read = [
                    node
                    for call in ast.walk(script.tree)
                    if isinstance(call, ast.Call) and called(call) not in ("Model", "Functional")
                    for node in call.args
                    if isinstance(node, ast.Name) and node.id == name
                ]
                if len(read) == 1:
                    return script.instead(read[0], f"{layer}({name})")
            case _:
                pass
    raise UnsureError("where images enter the model is not plain")


def _first_in_a_stack(script: Script, layers: ast.expr, layer: str) -> Replacement:
    assert isinstance(layers, ast.List)
    first = layers.elts[0]
    if isinstance(first, ast.Starred):
        raise UnsureError("the model's first layers are not written out", first.lineno)
    if isinstance(first, ast.Call) and called(first) in ("Input", "InputLayer"):
        return Replacement(script.end(first), "", f", {layer}")
    if isinstance(first, ast.Call) and keyword(first, "input_shape"):
        raise UnsureError("the first layer says the shape of the images", first.lineno)
    return Replacement(script.start(first), "", f"{layer}, ")


def _forward_scaling(
    script: Script, mean: Sequence[float], deviation: Sequence[float]
) -> Replacement:
    """The first statement of the model's `forward`."""
    model = _model_class(script)
    forward = next((n for n in model.body if isinstance(n, Function) and n.name == "forward"), None)
    if forward is None or len(forward.args.args) != 2 or forward.args.vararg:
        raise UnsureError("the model's `forward` takes more than the images", model.lineno)
    images = forward.args.args[1].arg
    body = forward.body
    docstring = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    if docstring and len(body) == 1:
        raise UnsureError("the model's `forward` is empty", forward.lineno)
    first = body[1 if docstring else 0]
    if len(mean) == 1:
        less = f" - {mean[0]!r}" if mean[0] else ""
        code = f"{images} = ({images}{less}) / {deviation[0]!r}"
        code = code if less else f"{images} = {images} / {deviation[0]!r}"
    else:
        told = [f"{images}.new_tensor({list(v)!r}).view(-1, 1, 1)" for v in (mean, deviation)]
        code = f"{images} = ({images} - {told[0]}) / {told[1]}"
    return script.line_before(first, code)


def _model_class(script: Script) -> ast.ClassDef:
    """The class of the model whose parameters are given to the optimiser."""
    modules = [
        node
        for node in ast.walk(script.tree)
        if isinstance(node, ast.ClassDef)
        and any(
            (isinstance(base, ast.Attribute) and base.attr == "Module")
            or (isinstance(base, ast.Name) and base.id == "Module")
            for base in node.bases
        )
    ]
    trained: set[str] = set()
    for call in script.calls("parameters"):
        holder = call.func.value if isinstance(call.func, ast.Attribute) else None
        made = bound(script, holder) if isinstance(holder, ast.Name) else None
        while isinstance(made, ast.Call) and called(made) in ("to", "cuda", "train"):
            made = made.func.value if isinstance(made.func, ast.Attribute) else None
        if isinstance(made, ast.Call):
            trained.add(called(made))
    chosen = [node for node in modules if node.name in trained]
    if len(chosen) != 1:
        chosen = modules if len(modules) == 1 and not script.calls("Sequential") else chosen
    if len(chosen) != 1:
        raise UnsureError("which class is the model is not plain")
    return chosen[0]


def _layers_prefix(script: Script) -> str:
    """What layers are called by: `layers.` where the script says so."""
    for name in ("layers", "keras"):
        if script.imported(name):
            return "layers." if name == "layers" else "keras.layers."
    raise UnsureError("neither `keras` nor `layers` is imported by that name")


def _named(script: Script, names: re.Pattern[str], was: Any) -> ast.expr | None:
    """A constant of the script that says by its name what it is, and holds what the run had."""
    if was is None:
        return None
    found: list[ast.expr] = []
    for node in script.tree.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name) as target], value=value)
                | ast.AnnAssign(target=ast.Name(id=name) as target, value=value)
            ) if value is not None and names.match(name):
                known, held = constant(value)
                if known and same(held, was) and bound(script, target) is value:
                    found.append(value)
            case _:
                pass
    return found[0] if len(found) == 1 else None


def _tried(script: Script, node: ast.expr, was: Any) -> ast.expr | None:
    try:
        return literal(script, node, was)
    except UnsureError:
        return None


def _shuffles(call: ast.Call) -> bool:
    told = keyword(call, "shuffle")
    return told is not None and constant(told.value) != (True, False)


def _training_loader(script: Script) -> ast.Call:
    """The loader whose loop makes backward passes, or the only one there is."""
    loaders = script.calls("DataLoader")
    names: set[str] = set()
    for loop in (node for node in ast.walk(script.tree) if isinstance(node, ast.For)):
        backward = any(
            isinstance(node, ast.Call) and called(node) == "backward"
            for statement in loop.body
            for node in ast.walk(statement)
        )
        if backward:
            names |= {n.id for n in ast.walk(loop.iter) if isinstance(n, ast.Name)}
    trained = [
        call
        for call in loaders
        if isinstance(over := script.parent(call), ast.Assign)
        and any(isinstance(t, ast.Name) and root(t) in names for t in over.targets)
    ]
    chosen = trained if trained else loaders
    if len(chosen) != 1:
        raise UnsureError(
            "which loader is trained on is not plain" if loaders else "no loader is made here",
            loaders[0].lineno if loaders else None,
        )
    return chosen[0]
