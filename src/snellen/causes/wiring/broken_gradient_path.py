"""C26 broken-gradient-path."""

from __future__ import annotations

from collections.abc import Iterable

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.change import Change, at_boundary
from snellen.causes.measures.deaths import deaths
from snellen.causes.measures.filters import starts
from snellen.causes.measures.standstill import listed, orphans, pushed, standstill
from snellen.core import Severity
from snellen.symptoms.facts import entries, text
from snellen.symptoms.gradient.zero_gradients import NoGradient
from snellen.symptoms.wiring.loss_head_mismatch import read_wiring
from snellen.symptoms.wording import count


class BrokenGradientPath(Cause):
    """The gradient can't reach layers that are meant to learn: features were detached, or layers
    are not the model's.

    ## How it shows
    Layers get no gradient, or exact zeros, from the second step on while those behind them learn.
    Their weights are the same to the last bit at the end. Or weight layers run in the forward pass
    that are not among the model's parameters, because they are built anew in each pass or stand in
    a plain list.

    ## What looks similar
    An optimiser that does not hold the layers (C37): they get a gradient, and do not move. Frozen
    layers (C38): marked so. Dead layers (C20), weights that began at zero (C10) and a softmax over
    one output (C24) also leave zeros. A vanishing gradient (C09, C11) is small, and not zero.

    ## How to be sure
    After one backward pass, print each parameter's gradient: it must be there, finite and not zero,
    and each parameter must change by the step.

    ## References
    - PyTorch, Autograd mechanics, https://docs.pytorch.org/docs/stable/notes/autograd.html
    - PyTorch, ModuleList,
      https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleList.html
    - Keras, Making new layers and models via subclassing,
      https://keras.io/guides/making_new_layers_and_models_via_subclassing/
    """

    code = "C26"
    name = "broken-gradient-path"
    since = "0.1"
    prior = 0.04
    explains = frozenset(
        f"S{number:02}"
        for number in (12, 13, 14, 15, 16, 17, 18, 19, 20, 25, 46, 48, 50, 57, 58, 59, 61)
    )
    alike = ("C37", "C38", "C10", "C20", "C24", "C09", "C11")
    trial = "print every parameter's gradient after one backward pass"

    @clue(Group.CONFIGURATION, expected=(0.5, 0.003), decisive=True)
    def layers_that_are_not_the_models(self, case: Case) -> Sign:
        made, strangers = _made(case), _strangers(case)
        if made is None and strangers is None:
            return UNMEASURED
        made, strangers = made or [], strangers or []
        if not made and not strangers and _without_gradient(case):
            # The path is cut elsewhere: one break is enough.
            return UNMEASURED
        said = (
            f"{count(len(made), 'weight layer')} came into being in the forward pass, "
            f"{len(strangers)} ran that are not among the model's parameters"
        )
        return sign(bool(made or strangers), said)

    @clue(Group.GRADIENTS, expected=(0.55, 0.01), decisive=True)
    def layers_without_gradient(self, case: Case) -> Sign:
        seen = pushed(case)
        found = case.findings("S59")
        broken = _made(case) or _strangers(case)
        if not found:
            if seen is None or broken or not case.judged("S59"):
                return UNMEASURED
            return sign(False, f"all {seen.of} trainable layers had a gradient", "S59")
        return sign(_without_gradient(case), found[0].evidence.sentence(), "S59")

    @clue(Group.WEIGHTS, expected=(0.6, 0.06))
    def layers_stood_still_though_optimised(self, case: Case) -> Sign:
        seen, held = standstill(case), orphans(case)
        if seen is None or (not seen.layers and (_made(case) or _strangers(case))):
            return UNMEASURED
        without = held.layers if held is not None else ()
        still = tuple(name for name in seen.layers if name not in without)
        said = (
            f"the weights of {len(still)} of {seen.of} trainable layers ({listed(still)}) are the "
            "same to the last bit at the end"
        )
        return sign(bool(still), said, "S19", "S59")

    @clue(Group.ACTIVITY, expected=(0.05, 0.25))
    def dead_or_zero_layers_block_it(self, case: Case) -> Sign:
        dead, began = deaths(case), starts(case)
        if dead is None and not began:
            return UNMEASURED
        whole = [name for name, _, last in dead.layers if last == 1] if dead is not None else []
        zero = [x.layer for x in began if x.zero]
        said = f"{len(whole)} layers are wholly dead, and {len(zero)} began with weights of zero"
        return sign(bool(whole or zero), said)

    @clue(Group.LOSS, expected=(0.02, 0.08))
    def one_output_behind_a_softmax(self, case: Case) -> Sign:
        wiring = read_wiring(case.subject)
        if wiring is None or wiring.units is None:
            return UNMEASURED
        single = wiring.units == 1 and "softmax" in (wiring.fed, wiring.output_activation)
        said = f"the loss is fed {wiring.units} outputs of {wiring.fed or 'an unknown activation'}"
        return sign(single, said)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        if _made(case):
            yield _built_once(case)
        if _strangers(case):
            yield _registered(case)
        if not _made(case) and not _strangers(case):
            yield _attached(case)
        yield _checked(case)


def _made(case: Case) -> list[str] | None:
    """Types of the layers built in each forward pass; `None`: not known."""
    found = entries(case.subject, "created_in_forward")
    return None if found is None else [text(entry, "type") for entry in found]


def _strangers(case: Case) -> list[str] | None:
    """Types of the layers that run and are not registered; `None`: not known."""
    found = entries(case.subject, "unregistered")
    if found is None:
        return None
    return [text(e, "type") for e in found if e.get("trainable", True) is not False]


def _without_gradient(case: Case) -> bool:
    """A note is meant as such where another fault explains it; otherwise the training came to
    something although layers had no gradient, and these are no less cut off."""
    return any(
        found.severity is not Severity.NOTE
        or (isinstance(found.evidence, NoGradient) and not found.evidence.reason)
        for found in case.findings("S59")
    )


def _kind(case: Case, types: list[str] | None) -> str:
    known = next((name for name in types or () if name.isidentifier()), "")
    return known or ("Conv2D" if case.keras else "Conv2d")


def _call(case: Case, types: list[str] | None) -> str:
    """A layer of that type, with numbers to fill in."""
    kind = _kind(case, types)
    if case.keras:
        return f"layers.{kind}(32, 3, padding='same')" if "Conv" in kind else f"layers.{kind}(32)"
    return f"nn.{kind}(32, 32, 3, padding=1)" if "Conv" in kind else f"nn.{kind}(32, 32)"


def _built_once(case: Case) -> Remedy:
    types = _made(case)
    call = _call(case, types)
    arguments = "self, inputs" if case.keras else "self, x"
    entry, given = ("call", "inputs") if case.keras else ("forward", "x")
    code = (
        "def __init__(self):\n"
        "    super().__init__()\n"
        f"    self.mixing = {call}  # with the numbers of your layer\n\n"
        f"def {entry}({arguments}):\n"
        f"    return self.mixing({given})  # no layer is made here"
    )
    return Remedy(
        f"Make the {_kind(case, types)} once, in `__init__`, and only call it in `{entry}`",
        case.framework,
        code,
        "nothing; make the optimiser after the model",
        "S58 finds no stranger, and the layer's weights change",
    )


def _registered(case: Case) -> Remedy:
    types = _strangers(case) or []
    call, number = _call(case, types), max(1, len(types))
    if case.keras:
        code = (
            f"self.blocks = [{call} for _ in range({number})]  # an attribute, set in __init__\n"
            "# a dict or a list hidden in another object is not seen by Keras"
        )
        title = f"Set the {number} layers as attributes of the model in `__init__`"
    else:
        code = (
            f"self.blocks = nn.ModuleList({call} for _ in range({number}))"
            "  # in place of a plain list"
        )
        title = f"Put the {number} layers into an `nn.ModuleList`"
    return Remedy(
        title,
        case.framework,
        code,
        "nothing; make the optimiser after the model",
        "the parameter count grows, and S58 finds no stranger",
        Change(at_boundary("registered")),
    )


def _attached(case: Case) -> Remedy:
    seen = pushed(case)
    still = seen.without_gradient if seen is not None else ()
    last = still[-1] if still else "the last layer without a gradient"
    if case.keras:
        code = (
            f"x = features  # what follows {last}: no keras.ops.stop_gradient, no .numpy()\n"
            "outputs = head(x)"
        )
    else:
        code = (
            f"x = features  # what follows {last}: no .detach(), no .data, no torch.no_grad()\n"
            "outputs = head(x)"
        )
    return Remedy(
        f"Let the gradient through behind {last}",
        case.framework,
        code,
        "backward passes take longer, since they go through all layers",
        "S59 finds a gradient in every layer, and the weights change",
    )


def _checked(case: Case) -> Remedy:
    if case.keras:
        code = (
            "before = [v.numpy().copy() for v in model.trainable_variables]\n"
            "model.train_on_batch(images[:32], labels[:32])\n"
            "for v, old in zip(model.trainable_variables, before):\n"
            "    print(v.path, abs(v.numpy() - old).max())  # 0: no gradient reached it"
        )
    else:
        code = (
            "loss.backward()\n"
            "for name, p in model.named_parameters():\n"
            "    print(name, None if p.grad is None else p.grad.norm().item())"
        )
    return Remedy(
        "Print what reaches each parameter in one step",
        case.framework,
        code,
        "a minute",
        "every parameter of a layer that is to learn has a number above zero",
    )
