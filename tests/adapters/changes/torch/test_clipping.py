"""The gradients of an update have the norm that was asked for, however the script clips them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from adapters.changes.torch.trainings_updates import (
    batches,
    changed,
    close,
    plain_loss,
    same,
    small,
    state,
    watched,
)

Clip = Callable[[nn.Module], object]


def trained(clip: Clip | None = None, *, amplified: float = 10.0) -> dict[str, Tensor]:
    model = small()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    for x, y in batches():
        optimizer.zero_grad()
        (amplified * plain_loss(model, x, y)).backward()
        if clip is not None:
            clip(model)
        optimizer.step()
    return state(model)


CLIPS: dict[str, Clip | None] = {
    "none": None,
    "norm": lambda m: nn.utils.clip_grad_norm_(m.parameters(), 1e-3),
    "norm by name": lambda m: nn.utils.clip_grad_norm_(
        parameters=list(m.parameters()), max_norm=1e-3
    ),
    "norm of each": lambda m: [nn.utils.clip_grad_norm_(p, 1e-3) for p in m.parameters()],
    "value": lambda m: nn.utils.clip_grad.clip_grad_value_(m.parameters(), 1e-5),
    "total": lambda m: nn.utils.clip_grads_with_norm_(
        m.parameters(), 1e-3, nn.utils.get_total_norm([p.grad for p in m.parameters()])
    ),  # pyright: ignore[reportArgumentType]
}


@pytest.mark.parametrize("name", CLIPS)
def test_the_norm_is_limited_instead_of_the_scripts_way(name: str) -> None:
    wanted = trained(lambda m: nn.utils.clip_grad_norm_(m.parameters(), 0.5))
    with changed("clipping", norm=0.5) as effect:
        assert same(trained(CLIPS[name]), wanted)
    assert effect.done["updates with clipped gradients"] == 4
    assert not same(trained(CLIPS[name]), wanted)


@pytest.mark.parametrize("name", CLIPS)
def test_without_a_norm_nothing_is_clipped(name: str) -> None:
    with changed("clipping", norm=None) as effect:
        assert same(trained(CLIPS[name]), trained())
    # And nothing happened where there was nothing to take away.
    assert bool(effect.done) == (name != "none")


def test_gradients_below_the_norm_stay_and_no_clipping_is_claimed() -> None:
    with changed("clipping", norm=1e6) as effect:
        assert same(trained(), trained())
    assert not effect.done


def test_the_scripts_calls_return_what_they_would() -> None:
    w = nn.Parameter(torch.ones(4))
    w.grad = torch.full((4,), 3.0)
    with changed("clipping", norm=1.0):
        assert float(nn.utils.clip_grad_norm_([w], 1.0)) == 6.0
        assert torch.equal(w.grad, torch.full((4,), 3.0))
        w.grad[0] = float("nan")
        with pytest.raises(RuntimeError, match="non-finite"):
            nn.utils.clip_grad_norm_([w], 1.0, error_if_nonfinite=True)
        assert w.grad[1] == 3.0


def test_closures_are_clipped_once_they_have_computed_gradients() -> None:
    def run(clip: bool, by_name: bool = False) -> dict[str, Tensor]:
        model = small()
        optimizer = torch.optim.LBFGS(model.parameters(), 0.1, max_iter=3)
        x, y = batches()[0]

        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = 10 * plain_loss(model, x, y)
            loss.backward()
            if clip:
                nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            return loss

        if by_name:
            optimizer.step(closure=closure)
        else:
            optimizer.step(closure)
        return state(model)

    wanted = run(clip=True)
    with changed("clipping", norm=0.5):
        assert same(run(clip=False), wanted)
        assert same(run(clip=True, by_name=True), wanted)
    assert not same(run(clip=False), wanted)


def test_each_of_two_optimizers_is_limited_by_itself() -> None:
    def run(by_script: bool) -> dict[str, Tensor]:
        model = small()
        parts = [list(model[:3].parameters()), list(model[3:].parameters())]
        optimizers = [torch.optim.SGD(part, 0.1) for part in parts]
        for x, y in batches():
            model.zero_grad()
            (10 * plain_loss(model, x, y)).backward()
            for part, optimizer in zip(parts, optimizers, strict=True):
                if by_script:
                    nn.utils.clip_grad_norm_(part, 0.25)
                optimizer.step()
        return state(model)

    wanted = run(by_script=True)
    with changed("clipping", norm=0.25):
        assert same(run(by_script=False), wanted)


def test_gradients_that_a_scaler_left_scaled_are_measured_without_their_scale() -> None:
    def run(clip: bool) -> dict[str, Tensor]:
        model = small()
        optimizer = torch.optim.SGD(model.parameters(), 0.1, fused=True)
        scaler = torch.amp.GradScaler("cpu", init_scale=64.0)
        for x, y in batches():
            optimizer.zero_grad()
            scaler.scale(plain_loss(model, x, y)).backward()
            if clip:
                scaler.unscale_(optimizer)
                nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            scaler.step(optimizer)
            scaler.update()
        return state(model)

    wanted = run(clip=True)
    with changed("clipping", norm=0.5) as effect:
        assert close(run(clip=False), wanted)
    assert effect.done["updates with clipped gradients"] == 4
    assert not close(run(clip=False), wanted)


def test_what_it_does_not_reach_it_says() -> None:
    model = nn.Sequential(nn.Embedding(10, 4, sparse=True), nn.Flatten(), nn.Linear(8, 2))
    model[1].requires_grad_(False)
    model[2].weight.register_hook(lambda g: g.clamp(-1, 1))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with changed("clipping", norm=1.0) as effect:
        model(torch.tensor([[1, 2]])).sum().backward()
        optimizer.step()
    assert effect.limits == (
        "hooks on parameters may change gradients as well",
        "sparse gradients are not clipped",
    )


@pytest.mark.parametrize("watching_first", [True, False])
def test_the_watcher_hears_the_scripts_clipping_and_not_ours(
    watching_first: bool, tmp_path: Path
) -> None:
    def run() -> None:
        with changed("clipping", norm=0.5):
            trained(CLIPS["norm"])

    if watching_first:
        subject = watched(run, tmp_path)
    else:
        with changed("clipping", norm=0.5):
            subject = watched(lambda: trained(CLIPS["norm"]), tmp_path)
    assert subject.facts["gradient_clip"]["limit"] == 1e-3
    assert subject.facts["gradient_clip"]["steps"] == 4
