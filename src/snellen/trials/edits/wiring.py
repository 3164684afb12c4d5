"""What is connected with what: class weights of the loss, clipping, emptied gradients, frozen
layers, the parameters that an optimiser is given."""

from __future__ import annotations

import ast

from snellen.causes import Edit
from snellen.trials.edits.optimisers import keras_clipping, optimisers
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
from snellen.trials.edits.values import bound, constant, literal

LOSSES = ("CrossEntropyLoss", "NLLLoss", "cross_entropy", "nll_loss")
BINARY = ("BCEWithLogitsLoss", "binary_cross_entropy_with_logits")


def class_weights(script: Script, edit: Edit, framework: str) -> list[Replacement]:
    """Weights by class for the loss that is trained on."""
    if framework == "keras":
        fits = script.calls("fit")
        if len(fits) != 1:
            raise UnsureError("no one `fit` trains the model", fits[0].lineno if fits else None)
        if not whole(fits[0]) or keyword(fits[0], "class_weight", "sample_weight"):
            raise UnsureError("images are weighed already", fits[0].lineno)
        pairs = ", ".join(f"{k}: {weight!r}" for k, weight in enumerate(edit.becomes))
        return [script.argument_added(fits[0], f"class_weight={{{pairs}}}")]
    call = _training_loss(script)
    if not whole(call) or keyword(call, "weight", "pos_weight"):
        raise UnsureError("the loss weighs classes already", call.lineno)
    if not script.imported("torch"):
        raise UnsureError("`torch` is not imported by that name", call.lineno)
    values, name = list(edit.becomes), "weight"
    if called(call) in BINARY:
        if len(values) != 2:
            raise UnsureError("a yes-or-no loss has one weight", call.lineno)
        # One answer for each image: its yes counts so much more than its no.
        values, name = [float(f"{values[1] / values[0]:.2g}")], "pos_weight"
    logits = call.args[0] if call.args and not called(call).endswith("Loss") else None
    if isinstance(logits, ast.Name):
        weights = f"{logits.id}.new_tensor({values!r})"
    elif "cuda" in script.text or "mps" in script.text:
        raise UnsureError("the weights have to be on the model's device", call.lineno)
    else:
        weights = f"torch.tensor({values!r})"
    return [script.argument_added(call, f"{name}={weights}")]


def _training_loss(script: Script) -> ast.Call:
    """The only one there is, or the only one beside a backward pass."""
    calls = script.calls(*LOSSES, *BINARY)
    if len(calls) > 1:
        calls = [call for call in calls if _beside_backward(script, call)]
    if len(calls) != 1:
        raise UnsureError(
            "which loss is trained on is not plain", calls[0].lineno if calls else None
        )
    return calls[0]


def _beside_backward(script: Script, call: ast.Call) -> bool:
    for above in script.above(call):
        if isinstance(above, ast.For | ast.While | Function):
            return any(
                isinstance(node, ast.Call) and called(node) == "backward"
                for node in ast.walk(above)
            )
    return False


def clipping(script: Script, edit: Edit, framework: str) -> list[Replacement]:
    """The limit on the norm of the gradients, where the script has one; without one it is as good
    as infinite."""
    if framework == "keras":
        return keras_clipping(script, edit)
    places: dict[int, ast.expr] = {}
    for call in script.calls("clip_grad_norm_"):
        told = keyword(call, "max_norm")
        node = told.value if told else call.args[1] if len(call.args) > 1 else None
        if node is None:
            raise UnsureError("the limit is not written plainly", call.lineno)
        own = literal(script, node, edit.was)
        places[script.start(own)] = own
    if not places:
        raise UnsureError("no gradient is clipped in this script itself")
    becomes = 'float("inf")' if edit.becomes is None else repr(edit.becomes)
    return [script.instead(node, becomes) for node in places.values()]


def zeroing(script: Script, edit: Edit, framework: str) -> list[Replacement]:
    """Gradients emptied before the backward pass, where the update follows in the same block."""
    del edit
    if framework == "keras":
        raise UnsureError("Keras empties gradients by itself")
    passes = [
        node
        for node in ast.walk(script.tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and called(node.value) == "backward"
    ]
    if len(passes) != 1:
        raise UnsureError("there is more than one backward pass" if passes else "none is plain")
    own = passes[0]
    block = _block(script, own)
    steps = [
        statement.value
        for statement in block[block.index(own) :]
        if isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and called(statement.value) == "step"
    ]
    names = {name for step in steps if (name := _optimiser_of(script, step))}
    if len(names) != 1:
        raise UnsureError("no update follows the backward pass in the same block", own.lineno)
    return [script.line_before(own, f"{names.pop()}.zero_grad()")]


def _block(script: Script, statement: ast.stmt) -> list[ast.stmt]:
    """The statements that it stands among."""
    above = script.parent(statement)
    for name in ("body", "orelse", "finalbody"):
        block = getattr(above, name, None)
        if isinstance(block, list) and statement in block:
            return block  # pyright: ignore[reportUnknownVariableType]
    return [statement]


def _optimiser_of(script: Script, step: ast.Call) -> str:
    """The name of the optimiser whose step it is; empty for a schedule's."""
    holder = step.func.value if isinstance(step.func, ast.Attribute) else None
    if not isinstance(holder, ast.Name):
        return ""
    made = bound(script, holder)
    if isinstance(made, ast.Call) and made in _made(script):
        return holder.id
    return holder.id if made is None and "optim" in holder.id.lower() else ""


def _made(script: Script) -> list[ast.Call]:
    try:
        return optimisers(script, "torch")
    except UnsureError:
        return []


def freezing(script: Script, edit: Edit, framework: str) -> list[Replacement]:
    """The one place that freezes anything."""
    del edit
    name = "trainable" if framework == "keras" else "requires_grad"
    off: list[ast.expr] = []
    for node in ast.walk(script.tree):
        match node:
            case ast.Assign(targets=[ast.Attribute(attr=attr)], value=value) if attr == name:
                off += [value] if constant(value) == (True, False) else []
            case ast.Call() if called(node) == f"{name}_":
                off += [a for a in node.args[:1] if constant(a) == (True, False)]
            case ast.Call() if framework == "keras" and (told := keyword(node, name)):
                off += [told.value] if constant(told.value) == (True, False) else []
            case _:
                pass
    if len(off) != 1:
        raise UnsureError(
            f"`{name}` is not set to False in one place",
            min((node.lineno for node in off), default=None),
        )
    return [script.instead(off[0], "True")]


def parameters(script: Script, edit: Edit, framework: str) -> list[Replacement]:
    """The optimiser gets those of the whole model instead of a part's."""
    del edit
    if framework == "keras":
        raise UnsureError("Keras' optimisers are given no parameters")
    calls = optimisers(script, framework)
    if len(calls) != 1:
        raise UnsureError("several optimisers are made", calls[0].lineno)
    given = calls[0].args[0] if calls[0].args else None
    match given:
        case ast.Call(func=ast.Attribute(value=part, attr="parameters"), args=[]):
            whole_model = root(part)
            if whole_model and whole_model != "self" and not isinstance(part, ast.Name):
                return [script.instead(given, f"{whole_model}.parameters()")]
        case _:
            pass
    raise UnsureError("which parameters are missing is not plain", calls[0].lineno)
