"""C37 parameters-without-optimizer."""

from __future__ import annotations

from collections.abc import Iterable

from snellen.causes._cause import UNMEASURED, Cause, Group, Remedy, Sign, clue, sign
from snellen.causes.case import Case
from snellen.causes.change import Setting, at_boundary
from snellen.causes.changing import edited
from snellen.causes.coding import optimizer_call
from snellen.causes.measures.standstill import frozen, listed, orphans, pushed, standstill
from snellen.symptoms.facts import loaded
from snellen.symptoms.wording import percent


class ParametersWithoutOptimizer(Cause):
    """Layers take gradients, and no optimiser holds them.

    ## How it shows
    A gradient reaches these layers at every step, and their weights stay the same to the last bit.
    The layers that the optimiser holds make the best of random features.

    ## What looks similar
    Frozen layers (C38) are marked as frozen. A broken path (C26) lets no gradient arrive. A rate
    that is too low (C21) moves all layers a little. Where weights were loaded, training the head
    alone is usual.

    ## How to be sure
    Compare the number of parameters in the optimiser with that of the model.

    ## References
    - PyTorch, torch.optim, https://docs.pytorch.org/docs/stable/optim.html
    """

    code = "C37"
    name = "parameters-without-optimizer"
    since = "0.1"
    prior = 0.03
    explains = frozenset(
        f"S{number:02}" for number in (12, 13, 14, 15, 16, 17, 19, 20, 25, 46, 48, 50, 57, 59)
    )
    alike = ("C38", "C26", "C21")
    trial = "make the optimiser from all of the model's parameters"

    @clue(Group.CONFIGURATION, expected=(0.97, 0.003), decisive=True)
    def kernels_without_optimizer(self, case: Case) -> Sign:
        seen = orphans(case)
        if seen is None:
            return UNMEASURED
        said = (
            f"no optimiser holds the weights of {len(seen.layers)} layers ({listed(seen.layers)}), "
            f"{percent(seen.share)} of those that take gradients"
        )
        return sign(bool(seen.layers), said)

    @clue(Group.UPDATES, expected=(0.8, 0.02))
    def gradients_without_updates(self, case: Case) -> Sign:
        seen = pushed(case)
        if seen is None:
            return UNMEASURED
        said = (
            f"{len(seen.unmoved)} of {seen.of} layers ({listed(seen.unmoved)}) had a gradient at "
            f"all {seen.steps} steps seen, and never moved"
        )
        return sign(bool(seen.unmoved), said)

    @clue(Group.WEIGHTS, expected=(0.95, 0.1))
    def layers_stood_still(self, case: Case) -> Sign:
        seen = standstill(case)
        if seen is None:
            return UNMEASURED
        said = (
            f"{len(seen.layers)} of {seen.of} trainable layers ({listed(seen.layers)}) have the "
            "weights they began with"
        )
        return sign(bool(seen.layers), said, "S19", "S57")

    @clue(Group.MODES, expected=(0.1, 0.12))
    def weights_were_loaded(self, case: Case) -> Sign:
        if loaded(case.subject):
            return sign(True, "weights were loaded before training, as for training the head alone")
        return sign(False, "no weights were loaded before training")

    @clue(Group.GRADIENTS, expected=(0.03, 0.08))
    def layers_frozen(self, case: Case) -> Sign:
        seen = frozen(case)
        if seen is None:
            return UNMEASURED
        said = f"{len(seen.layers)} of {seen.of} layers are marked as frozen"
        return sign(bool(seen.layers), said)

    def remedies(self, case: Case) -> Iterable[Remedy]:
        seen = orphans(case)
        names = seen.layers if seen is not None else ()
        if case.keras:
            code = (
                "gradients = tape.gradient(loss, model.trainable_variables)\n"
                "optimizer.apply_gradients(zip(gradients, model.trainable_variables))  # all"
            )
        else:
            code = f"optimizer = {optimizer_call(case)}  # after the model is complete"
        share = f" ({percent(seen.share)} of the weights)" if seen is not None and names else ""
        yield Remedy(
            f"Give the optimiser all parameters, {listed(names)} among them{share}"
            if names
            else "Give the optimiser all parameters of the model",
            case.framework,
            code,
            "longer backward passes and the optimiser's memory for these weights",
            "every layer's weights change (S57, S19)",
            edited(Setting.PARAMETERS, None, None, *at_boundary("registered")),
        )
        yield _asserted(case)


def _asserted(case: Case) -> Remedy:
    if case.keras:
        code = (
            "before = [v.numpy().copy() for v in model.trainable_variables]\n"
            "model.train_on_batch(images[:32], labels[:32])\n"
            "still = [v.path for v, old in zip(model.trainable_variables, before)\n"
            "         if (v.numpy() == old).all()]\n"
            "assert not still, still"
        )
    else:
        code = (
            'held = {id(p) for group in optimizer.param_groups for p in group["params"]}\n'
            "left = [n for n, p in model.named_parameters()\n"
            "        if p.requires_grad and id(p) not in held]\n"
            "assert not left, left"
        )
    return Remedy(
        "Check before training that no parameter is left out",
        case.framework,
        code,
        "nothing",
        "the script stops at once when a layer is added after the optimiser was made",
    )
