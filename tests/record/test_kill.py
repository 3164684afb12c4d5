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
from snellen.record.retention import keep
from snellen.stats import WeightState

KILLS = 20


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
    """Start a child, kill it so long after it has said `after`; whether it had made its file, and
    how many moments it had flushed, by its own account."""
    assert children.stdin is not None
    assert children.stdout is not None
    children.stdin.write(f"{line}\n")
    children.stdin.flush()
    created, flushed, pid = False, 0, 0
    for said in map(str.strip, children.stdout):
        word, _, number = said.partition(" ")
        created = created or word == "created"
        pid = int(number) if word == "pid" else pid
        flushed = int(number) if word == "flushed" else flushed
        if after in (word, said):
            time.sleep(seconds)
            os.kill(pid, signal.SIGKILL)
        if word == "gone":
            break
    return created, flushed


@pytest.mark.parametrize("thin", [False, True], ids=["everything kept", "thinned"])
def test_what_was_flushed_is_there(
    tmp_path: Path, children: subprocess.Popen[str], thin: bool
) -> None:
    rng = random.Random(thin)
    moments = ["created", "closed", *(f"flushed {n}" for n in range(1, nursery.CLOSES_AFTER))]

    for kill in range(KILLS):
        path = tmp_path / f"{kill}.snellen"
        line = f"{kill} {'thin' if thin else 'all'} {path}"
        after = moments[kill] if kill < 2 else rng.choice(moments)
        _, flushed = killed(children, line, rng.uniform(0, 0.006), after=after)

        subjects = read(path).subjects
        if not flushed:
            continue
        steps = [x.step for x in subjects[0].moments]
        # One more than reported may be there: the kill came between its flush and its word.
        assert steps[-1] in (flushed - 1, flushed)
        assert set(steps) == (keep(range(steps[-1] + 1)) if thin else set(range(steps[-1] + 1)))
        assert subjects[0].moments[-1] == moment(steps[-1])
        assert subjects[0].losses["train"].steps.tolist() == list(range(steps[-1] + 1))
        entries = subjects[0].history("c", WeightState)
        assert [x.step for x in entries] == steps
        for entry in entries:
            norm = entry.value.norm
            np.testing.assert_array_equal(norm, weights(entry.step, len(norm)).norm)


def test_a_run_killed_while_it_is_set_up_is_refused_or_read(
    tmp_path: Path, children: subprocess.Popen[str]
) -> None:
    rng = random.Random(0)

    for kill in range(KILLS):
        path = tmp_path / f"{kill}.snellen"
        line = f"{kill} all {path}"
        created, flushed = killed(children, line, rng.uniform(0, 0.006), after="pid")
        try:
            assert len(read(path).subjects) <= 1
        except RunFileError:
            assert not created, "the file was made by its writer's own account"
            assert not flushed
