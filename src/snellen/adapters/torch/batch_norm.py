"""Batch normalisations: what they remember, and how they answer by a batch's own statistics."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportPrivateUsage=false

from __future__ import annotations

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from snellen.adapters.contract import Normalisation
from snellen.adapters.torch.tables import host


def batch_norms(module: nn.Module) -> dict[int, _BatchNorm]:
    """Those with running statistics, by the identity of their running mean."""
    return {
        id(m.running_mean): m
        for m in module.modules()
        if isinstance(m, _BatchNorm) and m.running_mean is not None and m.running_var is not None
    }


def normalisation_of(norm: _BatchNorm) -> Normalisation | None:
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        return None
    # Without `affine` these are none.
    gain, shift = norm._parameters.get("weight"), norm._parameters.get("bias")
    return Normalisation(
        running_mean=host(mean.detach()).copy(),
        running_variance=host(variance.detach()).copy(),
        gain=host(gain.detach()).copy() if gain is not None else None,
        shift=host(shift.detach()).copy() if shift is not None else None,
        epsilon=float(norm.eps),
        kept=1 - float(norm.momentum) if norm.momentum is not None else float("nan"),
    )


def use_batch_statistics(module: nn.Module) -> None:
    """From here on batch normalisations use each batch's own statistics and update no running
    ones. To be undone by whoever keeps the modules' attributes (`undisturbed`)."""
    distributed = torch.distributed.is_available() and torch.distributed.is_initialized()
    for norm in module.modules():
        if not isinstance(norm, _BatchNorm) or isinstance(norm, torch.jit.ScriptModule):
            continue
        if distributed and isinstance(norm, nn.SyncBatchNorm):
            # It would wait for other processes, which ask nothing.
            continue
        norm.training = True
        norm.track_running_stats = False
