"""What of a model can't be seen, and what to do about it."""

from __future__ import annotations

import torch

from snellen.adapters.contract import Observer
from snellen.adapters.torch.watched import Watched


def note_what_is_hidden(observer: Observer, watched: Watched) -> None:
    key = id(watched.module)
    if any(isinstance(m, torch.jit.ScriptModule) for m in watched.module.modules()):
        observer.note(
            "scripted",
            f"{watched.model.name} runs TorchScript, whose inside can't be seen; train the "
            "model before `torch.jit.script` to have its maps watched",
            key,
        )
    hidden = watched.model.computed_kernels()
    if hidden:
        more = f" and {len(hidden) - 1} more layers" if hidden[1:] else ""
        observer.note(
            "computed-weights",
            f"the weights of {hidden[0]}{more} are computed by a parametrisation: their maps "
            "are watched, their gradients and updates are not",
            key,
        )


def note_compiled_function(observer: Observer, name: str) -> None:
    observer.note(
        "compiled-function",
        f"{name} is compiled, so what it calls can't be seen; models are watched on the probe "
        "alone. To have a model inside it watched, compile the model instead of the function",
    )


def note_no_model(observer: Observer, optimizer: str) -> None:
    observer.note(
        "no-model",
        f"an optimizer ({optimizer}) updates parameters of no module that was seen being called, "
        "so what it trains is not watched",
    )
