"""No hook, patch, thread or open file stays after the watching ends, by whatever way it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules import module as registry
from torch.optim import optimizer as optimizers

import snellen
from adapters.torch.programs import images
from snellen.adapters.contract import Glimpse
from snellen.adapters.torch.clipping import KINDS, PLACES
from snellen.adapters.torch.losses import LOSSES
from snellen.capture import Session
from snellen.capture.subject import SubjectWatch
from snellen.settings import Settings


def traces(model: nn.Module) -> dict[str, object]:
    """Everything that watching touches, as it is now."""
    return {
        "forward hooks": len(registry._global_forward_hooks),
        "forward hooks' options": len(registry._global_forward_hooks_with_kwargs)
        + len(registry._global_forward_hooks_always_called),
        "forward pre-hooks": len(registry._global_forward_pre_hooks),
        "step hooks": len(optimizers._global_optimizer_pre_hooks),
        "step post-hooks": len(optimizers._global_optimizer_post_hooks),
        "module hooks": sum(
            len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()
        ),
        "compiled": [m.__dict__.get("_compiled_call_impl") for m in model.modules()],
        "losses": {name: getattr(F, name) for name in LOSSES},
        "backward": torch.Tensor.backward,
        "autograd": torch.autograd.backward,
        "loader": torch.utils.data.DataLoader.__iter__,
        "fetching": torch.utils.data.dataloader._BaseDataLoaderIter.__next__,
        "loading": nn.Module.load_state_dict,
        "clipping": [getattr(place, name) for place in PLACES for name in KINDS],
        "calls": [vars(type(m)).get("__call__") for m in (model, *model.children())],
        "optimizer": torch.optim.Optimizer.__init__,
        "compile": (torch.compile, nn.Module.compile),
        "modes": torch._C._len_torch_function_stack(),
        "threads": threading.active_count(),
        "files": sorted(f.path for f in psutil.Process().open_files()),
        "attributes": [sorted(m.__dict__) for m in model.modules()],
    }


class ScriptError(Exception):
    pass


@pytest.mark.parametrize(
    "ending",
    ["normally", "script raises", "interrupted", "model raises", "trips", "trips inside the model"],
)
def test_leaves_nothing(ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = images()
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(256, 10))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    before = traces(model)
    expected = {
        "script raises": ScriptError,
        "interrupted": KeyboardInterrupt,
        "model raises": RuntimeError,
    }.get(ending)
    if ending.startswith("trips"):
        broken = "snellen.capture.subject.SubjectWatch.glimpse"
        original = SubjectWatch.glimpse

        def glimpse(subject: SubjectWatch, seen: Glimpse) -> None:
            # In the midst of a forward pass our mode is in place, and off the stack meanwhile.
            if ending == "trips" or seen.part == "pre":
                raise ZeroDivisionError
            original(subject, seen)

        monkeypatch.setattr(broken, glimpse)

    def train() -> None:
        with snellen.watch(model, run_file=tmp_path / "r.snellen") as run:
            for step in range(8):
                if step == 1:
                    # Or the comparison at the end would prove nothing.
                    during = traces(model)
                    assert during["losses"] != before["losses"]
                    assert during["forward hooks"] == before["forward hooks"] + 1
                optimizer.zero_grad()
                batch = x[:16, :, :, :5] if ending == "model raises" and step == 5 else x[:16]
                F.cross_entropy(model(batch), y[:16]).backward()
                optimizer.step()
                if step == 5 and ending in ("script raises", "interrupted"):
                    assert expected is not None
                    raise expected
        assert ("stopped" in str(run.contents.events)) == ending.startswith("trips")

    if expected is None:
        train()
    else:
        with pytest.raises(expected):
            train()

    assert traces(model) == before
    assert (tmp_path / "r.snellen").exists()


def counting(original: Callable[..., Any], name: str, called: list[str]) -> Callable[..., Any]:
    def calling(*args: Any, **kwargs: Any) -> Any:
        called.append(name)
        return original(*args, **kwargs)

    return calling


def test_what_was_put_over_ours_meanwhile_stays(tmp_path: Path) -> None:
    x, y = images()
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(256, 10))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    places = ((F, "cross_entropy"), (torch.autograd, "backward"), (nn.utils, "clip_grad_norm_"))
    originals = [getattr(owner, name) for owner, name in places]
    called: list[str] = []

    def step() -> None:
        F.cross_entropy(model(x[:16]), y[:16]).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    session = Session(Settings(run_file=tmp_path / "r.snellen"), script="s", clock=lambda: 0.0)
    session.arm()
    try:
        for owner, name in places:
            setattr(owner, name, counting(getattr(owner, name), name, called))
        step()
        session.finish()
        step()
    finally:
        for (owner, name), original in zip(places, originals, strict=True):
            setattr(owner, name, original)
    assert session.boundary.tripped is None
    assert called == [name for _, name in places] * 2
