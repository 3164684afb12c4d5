"""Trials as processes of this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from snellen.trials.process import Running, Workplace
from snellen.trials.trial import Done, Ended, Trial


@dataclass(frozen=True)
class LocalEngine:
    """As many processes at a time as there are `slots`."""

    slots: int

    def run(self, workplace: Workplace, trials: Sequence[Trial]) -> Iterator[Done]:
        running = Running()
        with ThreadPoolExecutor(self.slots, thread_name_prefix="snellen-trial") as pool:
            waiting = [pool.submit(_once_more, workplace, trial, running) for trial in trials]
            try:
                for future in as_completed(waiting):
                    yield future.result()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
                running.stop()


def _once_more(workplace: Workplace, trial: Trial, running: Running) -> Done:
    """A process that died without a word is replaced by a second one, and no third."""
    done = workplace.run(trial, running)
    return workplace.run(trial, running) if done.ended is Ended.LOST else done
