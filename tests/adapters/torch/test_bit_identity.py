"""An observer changes nothing: training ends in the same bits with and without snellen."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from adapters.torch.programs import PROGRAMS, differences, plain
from snellen.capture import Session
from snellen.record import Clock, read
from snellen.settings import Settings

every_program = pytest.mark.parametrize("name", PROGRAMS)


def watched(name: str, path: Path) -> tuple[dict[str, object], Session]:
    session = Session(Settings(run_file=path), script=name, clock=lambda: 0.0)
    session.arm()
    try:
        trained = PROGRAMS[name]()
    finally:
        session.finish()
    return trained, session


@every_program
def test_training_ends_in_the_same_bits(name: str, tmp_path: Path) -> None:
    path = tmp_path / "run.snellen"
    bare = PROGRAMS[name]()

    trained, session = watched(name, path)

    assert differences(bare, trained) == []
    assert session.boundary.tripped is None
    subjects = read(path).subjects
    clocks = {moment.clock for subject in subjects for moment in subject.moments}
    looks = [m.step for s in subjects for m in s.moments if m.clock is Clock.PROBE]
    # Or the equality above would prove nothing.
    assert clocks == {Clock.INLINE, Clock.PROBE}
    assert len(looks) >= 3


def test_a_difference_would_be_seen() -> None:
    bare = plain()
    other = plain()
    other["model.0.weight"] = other["model.0.weight"] + 1e-7
    torch.rand(1)
    assert differences(bare, other) == ["model.0.weight"]


def test_two_models_are_two_subjects(tmp_path: Path) -> None:
    path = tmp_path / "run.snellen"
    watched("adversarial", path)
    assert [s.name for s in read(path).subjects] == ["Sequential#2", "Sequential"]
    assert [s.steps for s in read(path).subjects] == [20, 20]


def test_a_users_hook_hears_training_alone(tmp_path: Path) -> None:
    heard: list[int] = []

    class Hooked(nn.Sequential):
        pass

    def train() -> None:
        torch.manual_seed(0)
        model = Hooked(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(128, 2))
        model[0].register_forward_hook(lambda m, i, o: heard.append(len(o)))
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        for _ in range(12):
            model(torch.rand(4, 1, 10, 10)).square().mean().backward()
            optimizer.step()

    session = Session(Settings(run_file=tmp_path / "r.snellen"), script="s", clock=lambda: 0.0)
    session.arm()
    train()
    session.finish()

    assert heard == [4] * 12
