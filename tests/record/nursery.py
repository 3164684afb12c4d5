"""Forks children that write run files, one after the other, for a test that kills them.

A process of its own: it imports no framework, so that forking it is cheap and safe. Reads from
stdin a line `<seed> <thin> <path>` for each child. The child writes to stdout `pid N`, `created`,
`flushed K` as soon as K moments are flushed, and `closed`; then it waits to be killed. `gone`
follows.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from pathlib import Path

from record.samples import layer, moment, weights
from snellen.record import Clock, RunWriter

CLOSES_AFTER = 30


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def write(path: Path, seed: int, thin: bool) -> None:
    random.seed(seed)
    say(f"pid {os.getpid()}")
    writer = RunWriter.create(path, {"seed": seed})
    # So that kills come while the log is being carried over into the file, too.
    if seed % 5 == 0:
        writer._connection.execute("PRAGMA wal_autocheckpoint = 50")
    say("created")
    subject = writer.add_subject("Net", "torch", {})
    writer.set_layers(subject, [layer("c")])
    for step in range(CLOSES_AFTER):
        writer.add_moment(subject, moment(step))
        size = random.choice((4, 64, 1024, 4096))
        writer.add_statistic(subject, step, Clock.PROBE, "c", "", weights(step, size))
        writer.add_losses(subject, "train", [(step, float(step))])
        if thin:
            writer.thin(subject)
        writer.flush()
        say(f"flushed {step + 1}")
    writer.close()
    say("closed")
    signal.pause()


def main() -> None:
    for line in sys.stdin:
        seed, thin, path = line.strip().split(" ", 2)
        child = os.fork()
        if child == 0:
            write(Path(path), int(seed), thin == "thin")
            os._exit(1)
        os.waitpid(child, 0)
        say("gone")


if __name__ == "__main__":
    main()
