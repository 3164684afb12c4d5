"""A kill at any moment loses at most what was not flushed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from record import nursery
from record.samples import moment, weights
from snellen.record import RunFileError, read
from snellen.record.retention import NEWEST, keep
from snellen.stats import WeightState

KILLS = 60


@pytest.fixture
def children() -> Iterator[subprocess.Popen[str]]:
    paths = os.pathsep.join(path for path in sys.path if path)
    with subprocess.Popen(
        [sys.executable, nursery.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def killed(
    children: subprocess.Popen[str], line: str, seconds: float, *, after: str
) -> tuple[bool, int]:
    """Start a child, kill it so long after it has said `after`; whether it had made its file, and how
    many moments it had flushed by its own account."""
    assert children.stdin is not None
    assert children.stdout is not None
    children.stdin.write(f"{line}\n")
    children.stdin.flush()
    created, flushed, pid = False, 0, 0
    for said in children.stdout:
        word, _, number = said.strip().partition(" ")
        created = created or word == "created"
        pid = int(number) if word == "pid" else pid
        flushed = int(number) if word == "flushed" else flushed
        if word == after:
            time.sleep(seconds)
            # Not reaped before `gone` is read, so the number is still the child's own.
            os.kill(pid, signal.SIGKILL)
        if word == "gone":
            break
    return created, flushed


@pytest.mark.parametrize("thin", [False, True], ids=["everything kept", "thinned"])
def test_what_was_flushed_is_there(
    tmp_path: Path, children: subprocess.Popen[str], thin: bool
) -> None:
    rng = random.Random(thin)
    lengths: set[int] = set()

    for kill in range(KILLS):
        path = tmp_path / f"{kill}.snellen"
        line = f"{kill} {'thin' if thin else 'all'} {path}"
        _, flushed = killed(children, line, rng.uniform(0, 0.12), after="created")
        steps = [x.step for x in read(path).subjects[0].moments] if flushed else []
        lengths.add(flushed)

        # One more than reported may be there: the kill came between its flush and its word.
        expected = keep(range(flushed)) if thin else set(range(flushed))
        more = keep(range(flushed + 1)) if thin else set(range(flushed + 1))
        assert not flushed or set(steps) in (expected, more)
        if flushed:
            (net,) = read(path).subjects
            assert net.moments[-1] == moment(steps[-1])
            for entry in net.history("c", WeightState):
                size = len(entry.value.norm)
                np.testing.assert_array_equal(entry.value.norm, weights(entry.step, size).norm)
            assert [x.step for x in net.history("c", WeightState)] == steps
            assert net.losses["train"].steps.tolist() == list(range(steps[-1] + 1))
            assert len(steps) >= min(flushed, NEWEST)

    assert len(lengths) > 10, "the kills did not come at different moments"


def test_a_run_killed_while_it_is_set_up_is_refused_or_read(
    tmp_path: Path, children: subprocess.Popen[str]
) -> None:
    rng = random.Random(0)
    outcomes: set[str] = set()

    for kill in range(KILLS):
        path = tmp_path / f"{kill}.snellen"
        created, flushed = killed(
            children, f"{kill} all {path}", rng.uniform(0, 0.006), after="pid"
        )
        try:
            assert len(read(path).subjects) <= 1
            outcomes.add("read")
        except RunFileError:
            assert not created, "the file was made by its writer's own account"
            assert not flushed
            outcomes.add("refused")

    assert outcomes == {"read", "refused"}, "the kills did not come during the set-up"
