"""`--engine`: what is said where there is no Ray, or no cluster."""

from __future__ import annotations

import sys

import pytest
import typer

from snellen.cli.engine import EngineName, engine


def test_this_machine_needs_nothing() -> None:
    with engine(EngineName.LOCAL, 3) as local:
        assert local.slots == 3


def test_without_ray_it_is_said_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "snellen.trials.engines.ray", raising=False)
    with pytest.raises(typer.Exit) as ended, engine(EngineName.RAY, None):
        pass
    assert ended.value.exit_code == 2
    assert "pip install 'snellen[ray]'" in capsys.readouterr().err


def test_a_cluster_that_does_not_answer_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ray = pytest.importorskip("ray")

    def refused(**options: object) -> None:
        raise ConnectionError("nobody there")

    monkeypatch.setattr(ray, "init", refused)
    monkeypatch.setenv("RAY_ADDRESS", "192.0.2.1:6379")
    with pytest.raises(typer.Exit), engine(EngineName.RAY, None):
        pass
    assert "no Ray cluster answers at 192.0.2.1:6379: nobody there" in capsys.readouterr().err
