"""Settings of layers: dropout, activations, initialisers, penalties, a softmax too many."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from snellen.causes import Edit, Setting
from snellen.trials.edits.script import (
    Replacement,
    Script,
    UnsureError,
    called,
    keyword,
    root,
)
from snellen.trials.edits.values import among, bound, constant, literal, same

DROPOUT_LAYERS = (
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "AlphaDropout",
    "FeatureAlphaDropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
)
DROPOUT_FUNCTIONS = ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout")
TORCH_ACTIVATIONS = {"sigmoid": "Sigmoid", "tanh": "Tanh", "hard_sigmoid": "Hardsigmoid"}
OUTPUTS = ("outputs", "output", "predictions", "logits", "y")
"""Names that a script gives to what its model puts out."""


def dropout(script: Script, edit: Edit, framework: str) -> list[Replacement]:
    """Every rate that is among those of `edit.was`."""
    del framework
    strong: Sequence[float] = edit.was or ()
    made: dict[int, Replacement] = {}
    calls = [(c, 0) for c in script.calls(*DROPOUT_LAYERS)]
    calls += [(c, 1) for c in script.calls(*DROPOUT_FUNCTIONS)]
    for call, place in calls:
        told = keyword(call, "p", "rate")
        node = told.value if told else call.args[place] if len(call.args) > place else None
        # Without a rate PyTorch drops one half.
        if node is None:
            if any(same(rate, 0.5) for rate in strong):
                added = script.argument_added(call, f"p={edit.becomes!r}")
                made[added.start] = added
            continue
        if (own := among(script, node, strong)) is not None:
            one = script.instead(own, repr(edit.becomes))
            made[one.start] = one
    if not made:
        raise UnsureError("no dropout of this script has such a rate")
    return list(made.values())


def activation(script: Script, edit: Edit, framework: str) -> list[Replacement]:
    """Hidden activations of the kind `edit.was`; what makes the output stays."""
    made = _keras_activations(script, edit) if framework == "keras" else _modules(script, edit)
    if not made:
        raise UnsureError(f"no hidden activation is plainly {edit.was}")
    return made


def _keras_activations(script: Script, edit: Edit) -> list[Replacement]:
    places: dict[int, ast.expr] = {}
    for node in ast.walk(script.tree):
        if not isinstance(node, ast.Call):
            continue
        told = keyword(node, "activation")
        value = told.value if told else None
        if called(node) == "Activation" and node.args:
            value = node.args[0]
        if value is None or _puts_out(script, node):
            continue
        try:
            own = literal(script, value, edit.was)
        except UnsureError:
            continue
        places[script.start(own)] = own
    return [script.instead(node, f'"{edit.becomes}"') for node in places.values()]


def _modules(script: Script, edit: Edit) -> list[Replacement]:
    """`nn.Sigmoid()` becomes `nn.ReLU()`, `torch.sigmoid(x)` becomes `torch.relu(x)`."""
    name = TORCH_ACTIVATIONS.get(str(edit.was), "")
    made: list[Replacement] = []
    for call in script.calls(name, str(edit.was)) if name else ():
        if _puts_out(script, call):
            continue
        becomes = "ReLU" if called(call) == name else "relu"
        text = script.said(call.func)
        made.append(script.instead(call.func, text[: len(text) - len(called(call))] + becomes))
    return made


def _puts_out(script: Script, call: ast.Call) -> bool:
    """Whether the layer makes the model's output, as far as that is written plainly."""
    if called(call) == "Dense" and call.args and constant(call.args[0]) == (True, 1):
        return True
    for above in script.above(call):
        match above:
            case ast.List() | ast.Tuple():
                return _within(above.elts[-1], call)
            case ast.Call() if called(above) == "Sequential" and above.args:
                return _within(above.args[-1], call)
            case ast.Return():
                return True
            case ast.Assign(targets=[ast.Name(id=name)]):
                return name.lower() in OUTPUTS
            case ast.stmt():
                return False
            case _:
                pass
    return False


def _within(node: ast.expr, call: ast.Call) -> bool:
    return any(inner is call for inner in ast.walk(node))


def initialiser(script: Script, edit: Edit, framework: str) -> list[Replacement]:
    """By the rule `edit.becomes` (`he` or `glorot`) wherever the script chooses one; biases at
    zero."""
    made = (
        _keras_initialisers(script, edit.becomes)
        if framework == "keras"
        else _torch_initialisers(script, edit.becomes)
    )
    if not made:
        raise UnsureError("no initialiser is chosen in this script")
    return made


def _keras_initialisers(script: Script, rule: str) -> list[Replacement]:
    name = "he_normal" if rule == "he" else "glorot_uniform"
    made: dict[int, Replacement] = {}
    for node in ast.walk(script.tree):
        if not isinstance(node, ast.Call):
            continue
        for which, text in (("kernel_initializer", name), ("bias_initializer", "zeros")):
            told = keyword(node, which)
            if told is None:
                continue
            one = script.instead(_chosen(script, told.value), f'"{text}"')
            made[one.start] = one
    return list(made.values())


def _chosen(script: Script, node: ast.expr) -> ast.expr:
    """A text or a call that makes an initialiser."""
    if isinstance(node, ast.Name):
        value = bound(script, node)
        if value is None:
            raise UnsureError(f"`{node.id}` is not set once", node.lineno)
        node = value
    if isinstance(node, ast.Call) or constant(node)[0]:
        return node
    raise UnsureError("the initialiser is not written plainly", node.lineno)


def _torch_initialisers(script: Script, rule: str) -> list[Replacement]:
    """Statements `nn.init.normal_(layer.weight, ...)` and `layer.weight.data.fill_(...)`."""
    made: list[Replacement] = []
    for statement in ast.walk(script.tree):
        if isinstance(statement, ast.Assign | ast.AugAssign):
            _require_no_weights(script, statement)
        if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)):
            continue
        call = statement.value
        name = called(call)
        if not (name.endswith("_") and isinstance(call.func, ast.Attribute)):
            continue
        by = script.said(call.func.value)
        if by.split(".")[-1] == "init" and call.args:
            target, module = script.said(call.args[0]), by
        elif name in ("fill_", "normal_", "uniform_", "zero_", "mul_", "copy_"):
            target = by.removesuffix(".data").removesuffix(".detach()")
            module = "torch.nn.init" if script.imported("torch") else "nn.init"
        else:
            continue
        if target.endswith("weight"):
            drawn = (
                f'{module}.kaiming_normal_({target}, nonlinearity="relu")'
                if rule == "he"
                else f"{module}.xavier_uniform_({target})"
            )
        elif target.endswith("bias"):
            drawn = f"{module}.zeros_({target})"
        else:
            raise UnsureError("which weights this sets is not plain", statement.lineno)
        made.append(script.instead(call, drawn))
    return made


def _require_no_weights(script: Script, statement: ast.Assign | ast.AugAssign) -> None:
    """Raise where weights are assigned: what is left of them would be half of the remedy."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    for target in targets:
        if isinstance(target, ast.Attribute):
            said = script.said(target).removesuffix(".data")
            if said.endswith((".weight", ".bias")):
                raise UnsureError("weights are assigned", statement.lineno)


def penalty(script: Script, edit: Edit, framework: str) -> list[Replacement]:
    """The factor of an L1 or L2 penalty: of Keras' regularisers, or of a sum over the parameters
    that a PyTorch script adds to its loss."""
    one = edit.setting is Setting.L1
    if framework == "torch":
        return [_by_hand(script, edit)]
    names = ("L1", "l1") if one else ("L2", "l2")
    places: dict[int, ast.expr] = {}
    for call in script.calls(*names, "L1L2", "l1_l2"):
        told = keyword(call, names[1])
        alone = called(call) in names
        node = told.value if told else call.args[0] if alone and call.args else None
        if node is None:
            continue
        if (own := among(script, node, [edit.was])) is not None:
            places[script.start(own)] = own
    if not places:
        raise UnsureError(f"no regulariser of this script has the factor {edit.was:g}")
    return [script.instead(node, repr(edit.becomes)) for node in places.values()]


def _by_hand(script: Script, edit: Edit) -> Replacement:
    places: dict[int, ast.expr] = {}
    for node in ast.walk(script.tree):
        if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)):
            continue
        for factor, rest in ((node.left, node.right), (node.right, node.left)):
            if not _sums_magnitudes(script, rest):
                continue
            own = literal(script, factor, edit.was)
            places[script.start(own)] = own
    if len(places) != 1:
        raise UnsureError("no penalty on magnitudes with one plain factor is added to the loss")
    return script.instead(next(iter(places.values())), repr(edit.becomes))


def _sums_magnitudes(script: Script, node: ast.expr) -> bool:
    if isinstance(node, ast.Name):
        value = bound(script, node)
        if value is None:
            return False
        node = value
    calls = {called(inner) for inner in ast.walk(node) if isinstance(inner, ast.Call)}
    return "abs" in calls and bool(calls & {"parameters", "named_parameters"})


def softmax(script: Script, edit: Edit, framework: str) -> list[Replacement]:
    """One softmax (or sigmoid) fewer between the model and a loss that applies its own."""
    del edit
    if framework == "keras":
        told = [
            k.value
            for node in ast.walk(script.tree)
            if isinstance(node, ast.Call) and (k := keyword(node, "from_logits")) is not None
        ]
        on = [value for value in told if constant(value) == (True, True)]
        if len(on) != 1:
            raise UnsureError("no one loss is told `from_logits=True`")
        return [script.instead(on[0], "False")]
    for module, function in (("Softmax", "softmax"), ("Sigmoid", "sigmoid")):
        if function == "sigmoid" and not script.calls(
            "BCEWithLogitsLoss", "binary_cross_entropy_with_logits"
        ):
            break
        calls = script.calls(module, function)
        if len(calls) > 1:
            raise UnsureError(f"several {function}es are taken", calls[0].lineno)
        if calls:
            return [_taken_out(script, calls[0], module)]
    raise UnsureError("no softmax is taken in this script itself")


def _taken_out(script: Script, call: ast.Call, module: str) -> Replacement:
    if called(call) == module:
        over = script.parent(call)
        siblings: list[ast.expr] = []
        if isinstance(over, ast.List):
            siblings = over.elts
        elif isinstance(over, ast.Call) and called(over) == "Sequential":
            siblings = over.args
        if len(siblings) < 2 or siblings[-1] is not call:
            raise UnsureError("the softmax is not the last layer of a plain stack", call.lineno)
        start, end = script.end(siblings[-2]), script.end(call)
        between = script.text[start : script.start(call)]
        if "#" in between:
            raise UnsureError("a comment stands before the softmax", call.lineno)
        return Replacement(start, script.text[start:end], "")
    # `torch.softmax(x, 1)`, `F.softmax(x, dim=1)`, `x.softmax(1)`.
    by = call.func.value if isinstance(call.func, ast.Attribute) else None
    known = by is not None and root(by) in ("torch", "F", "nn", "functional", "special")
    inner = call.args[0] if (by is None or known) and call.args else by
    if inner is None:
        raise UnsureError("what the softmax is taken of is not plain", call.lineno)
    return script.instead(call, script.said(inner))
