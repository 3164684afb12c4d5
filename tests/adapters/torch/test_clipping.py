"""How gradients are clipped, as the run's facts tell it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from adapters.torch.listening import listening
from adapters.torch.programs import images
from snellen.adapters.torch.clipping import Clip, Clips

X, Y = images(64)


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(256, 10))


def trained(
    clip: Callable[[nn.Module], Any], steps: int = 6
) -> tuple[dict[str, Tensor], list[float]]:
    """The weights, and each step's norm before it was clipped."""
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    norms: list[float] = []
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(X), Y).backward()
        norms.append(float(nn.utils.get_total_norm([p.grad for p in model.parameters()])))  # type: ignore[arg-type]
        clip(model)
        optimizer.step()
    return model.state_dict(), norms


def facts_of(clip: Callable[[nn.Module], Any]) -> tuple[dict[str, Any], list[float]]:
    with listening() as listener:
        _, norms = trained(clip)
        return listener.facts.get("gradient_clip", {}), norms


def median_norm() -> float:
    _, norms = trained(lambda model: None)
    return sorted(norms)[len(norms) // 2]


@pytest.mark.parametrize("place", ["utils", "clip_grad", "by name", "keywords"])
def test_a_clipped_norm_wherever_it_is_called_from(place: str) -> None:
    limit = median_norm()

    def clip(model: nn.Module) -> None:
        # As a script imports them: after the watching has begun.
        from torch.nn.utils import clip_grad_norm_
        from torch.nn.utils.clip_grad import clip_grad_norm_ as other

        if place == "keywords":
            clip_grad_norm_(parameters=model.parameters(), max_norm=limit)
        else:
            ways = {"utils": nn.utils.clip_grad_norm_, "clip_grad": other}
            ways.get(place, clip_grad_norm_)(model.parameters(), limit)

    seen, norms = facts_of(clip)
    assert seen == {
        "kind": "norm",
        "limit": limit,
        "steps": 6,
        "measured": 6,
        "norm_type": 2.0,
        "clipped": sum(norm > limit for norm in norms),
        "largest_norm": pytest.approx(max(norms)),
    }
    assert 0 < seen["clipped"] < 6


@pytest.mark.parametrize("limit", [0.5, 1e-5])
def test_clipped_values(limit: float) -> None:
    sizes: list[float] = []

    def clip(model: nn.Module) -> None:
        gradients = [p.grad.double().flatten() for p in model.parameters() if p.grad is not None]
        sizes.append(float(torch.cat(gradients).square().mean().sqrt()))
        nn.utils.clip_grad_value_(model.parameters(), limit)

    seen, _ = facts_of(clip)
    assert seen == {
        "kind": "value",
        "limit": limit,
        "steps": 6,
        "measured": 6,
        "clipped": sum(size > limit for size in sizes),
        "largest_rms": pytest.approx(max(sizes), rel=1e-5),
    }
    assert seen["clipped"] == (0 if limit == 0.5 else 6)


def test_values_are_measured_at_some_calls_only() -> None:
    model = network()
    with listening() as listener:
        optimizer = torch.optim.SGD(model.parameters(), 0.01)
        for _ in range(40):
            optimizer.zero_grad()
            F.cross_entropy(model(X), Y).backward()
            nn.utils.clip_grad_value_(model.parameters(), 1e-6)
            optimizer.step()
        (found,) = [model.facts()["gradient_clip"] for model in listener.models.values()]
    assert (found["steps"], found["measured"], found["clipped"]) == (40, 10, 10)


def test_a_norm_that_is_only_measured() -> None:
    seen, norms = facts_of(lambda model: nn.utils.clip_grad_norm_(model.parameters(), math.inf))
    assert (seen["limit"], seen["clipped"]) == (math.inf, 0)
    assert seen["largest_norm"] == pytest.approx(max(norms))


def test_no_clipping_no_fact() -> None:
    assert facts_of(lambda model: None)[0] == {}


def test_clipped_trainings_end_in_the_same_bits() -> None:
    def clip(model: nn.Module) -> None:
        norm = nn.utils.clip_grad_norm_(model.parameters(), 0.3)
        assert isinstance(norm, Tensor)
        nn.utils.clip_grad_value_(model.parameters(), 0.01)

    bare, norms = trained(clip)
    with listening(captured=True):
        watched, others = trained(clip)
    assert norms == others
    assert all(torch.equal(bare[name], watched[name]) for name in bare)


def test_each_model_has_its_own() -> None:
    with listening() as listener:
        models = [network(), network()]
        optimizers = [torch.optim.SGD(model.parameters(), 0.01) for model in models]
        for _ in range(3):
            for limit, (model, optimizer) in enumerate(zip(models, optimizers, strict=True), 1):
                optimizer.zero_grad()
                F.cross_entropy(model(X), Y).backward()
                nn.utils.clip_grad_norm_(model.parameters(), limit)
                optimizer.step()
        found = [model.facts()["gradient_clip"] for model in listener.models.values()]
    assert [(clip["limit"], clip["steps"]) for clip in found] == [(1.0, 3), (2.0, 3)]


def test_norms_that_are_not_finite() -> None:
    clips = Clips()
    for norm in (2.0, math.inf, math.nan, 0.5):
        clips.add(Clip("norm", 1.0, torch.tensor(norm)))
    seen = clips.facts()["gradient_clip"]
    assert (seen["steps"], seen["clipped"], seen["largest_norm"]) == (4, 2, 2.0)


class OnDevice(Tensor):
    """Stands for a tensor of an accelerator: says so, and refuses to be read at once."""

    reading = False

    @property
    def device(self) -> Any:  # type: ignore[override]
        return torch.device("cuda")

    def __float__(self) -> float:
        assert OnDevice.reading, "this would wait for the device"
        return float(self.as_subclass(Tensor))

    def __int__(self) -> int:
        assert OnDevice.reading, "this would wait for the device"
        return int(self.as_subclass(Tensor))

    def __bool__(self) -> bool:
        raise AssertionError("this would wait for the device")


def test_norms_on_a_device_are_read_only_for_the_facts() -> None:
    clips = Clips()
    for norm in (2.0, math.inf, math.nan, 0.5, 3.0):
        clips.add(Clip("norm", 1.0, torch.tensor(norm).as_subclass(OnDevice)))
    OnDevice.reading = True
    try:
        seen = clips.facts()["gradient_clip"]
    finally:
        OnDevice.reading = False
    assert (seen["steps"], seen["clipped"], seen["largest_norm"]) == (5, 3, 3.0)
