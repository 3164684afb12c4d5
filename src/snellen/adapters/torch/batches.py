"""Calls of a model as batches that the observer is told of."""

from __future__ import annotations

from snellen.adapters.contract import Batch, Observer
from snellen.adapters.torch.inputs import Inputs, shapes_of, tensors_of
from snellen.adapters.torch.losses import labels_of
from snellen.adapters.torch.outputs import first_tensor
from snellen.adapters.torch.tables import host
from snellen.adapters.torch.watched import Call, Watched


def batch_of(call: Call, inputs: Inputs) -> Batch:
    first = first_tensor(tensors_of(inputs))
    numbers = first is not None and first.is_floating_point() and first.ndim >= 2
    seen = host(first.detach()) if first is not None and numbers else None
    labels = labels_of(call.target) if call.target is not None else None
    return Batch(inputs, call.images, labels, seen, shapes_of(inputs))


def tell_batches(observer: Observer, watched: Watched) -> None:
    """Tell of the calls since the last update that it was trained on."""
    key = id(watched.module)
    calls = [call for call in watched.calls if call.images and not call.told]
    whole = [call for call in calls if not call.fed_by_another]
    if calls and not whole:
        observer.note(
            "no-probe",
            f"{watched.model.name} is called by the script on what another module made, so it "
            "is watched on its training batches alone; call the whole model as one module to "
            "have it probed",
            key,
        )
        return
    for call in whole:
        if watched.trains_in_training_mode and not call.training:
            continue
        call.told = True
        if call.inputs is not None:
            observer.batch(key, batch_of(call, call.inputs))
