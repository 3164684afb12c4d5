"""Parameters that the script has frozen are trained like the others."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.optim.optimizer import Optimizer
from torch.utils.weak import WeakIdKeyDictionary

from snellen.adapters.changes.effect import Effect
from snellen.adapters.changes.torch.joining import join_optimizers
from snellen.adapters.changes.torch.updates import before_updates
from snellen.adapters.patches import Patches


def arm(effect: Effect, patches: Patches) -> None:
    """Free them before each training call of a model that an optimizer updates, also where the
    script freezes them again.

    The modes of modules stay: a normalisation in evaluation mode goes on with the statistics it
    has.
    """
    freed: Any = WeakIdKeyDictionary()
    """Parameters → whether a gradient has reached them."""

    def free(module: nn.Module, optimizer: Optimizer) -> list[Tensor]:
        del optimizer
        parameters = list(module.parameters())
        frozen = [p for p in parameters if _frozen(p)]
        for parameter in frozen:
            parameter.requires_grad_(True)
            if parameter not in freed:
                freed[parameter] = False
                effect.did("frozen parameters set free")
        return [p for p in parameters if p in freed]

    def ready(optimizer: Optimizer) -> None:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                if freed.get(parameter) is False:
                    freed[parameter] = True
                    if parameter.grad is None:
                        effect.cannot(
                            "frozen parameters that run without gradients (`torch.no_grad`, "
                            "`detach`) get none"
                        )

    join_optimizers(effect, patches, free)
    before_updates(patches, ready)


def _frozen(parameter: Tensor) -> bool:
    learns = parameter.is_floating_point() or parameter.is_complex()
    return learns and not parameter.requires_grad and not parameter.is_inference()
