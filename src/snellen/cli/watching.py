"""A script watched from its first line to the verdict."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TextIO

from snellen.cli.exit_status import FINDINGS
from snellen.cli.script import Ending, Script
from snellen.core import SnellenError
from snellen.settings import Settings


@dataclass(frozen=True)
class Watching:
    """Runs `script` under `settings` and ends the process as the script ended."""

    script: Script
    settings: Settings

    def run(self) -> NoReturn:
        # The card goes where standard error led at the start, whatever the script does to it.
        screen = sys.stderr
        process = os.getpid()
        from snellen.capture import Session

        session = Session(
            self.settings, script=self.script.target, argv=list(self.script.arguments)
        )
        session.arm()
        ending = self.script.run()
        leaving = ending.show()
        if os.getpid() != process:
            # A forked child that ran on to the end of the script: its parent gives the verdict.
            leaving.leave()
        _flush_output()
        with _interrupts_at_once():
            try:
                path = session.finish(ending.failure)
                failed = self._judge(path, session.notes, ending, screen)
            except KeyboardInterrupt as interrupt:
                _tell(screen, "snellen: the verdict was interrupted")
                leaving = leaving if ending.failure else Ending(interrupt)
                failed = False
        leaving.leave(FINDINGS if failed and leaving.status == 0 else None)

    def _judge(
        self, path: Path | None, notes: tuple[str, ...], ending: Ending, screen: TextIO
    ) -> bool:
        """Show the verdict on the run file at `path`; whether `fail_on` makes it a failure.

        Nothing that goes wrong here may change how the script ended.
        """
        if path is None:
            if not self.settings.quiet:
                _tell(screen, no_training(self.script.target, ending, notes))
            return False
        try:
            from snellen.cli.verdict import give_verdict

            return give_verdict(path, self.settings, screen)
        except SnellenError as error:
            _tell(screen, f"snellen: no verdict: {error}\nsnellen: the run file is {path}")
        except Exception as error:
            # The script's exit status is promised to be its own, whatever breaks in a verdict.
            _tell(
                screen,
                f"snellen: no verdict: {type(error).__name__}: {error}. This is a fault of "
                f"snellen; `snellen report {path}` shows where.",
            )
        return False


def no_training(script: str, ending: Ending, notes: tuple[str, ...]) -> str:
    """The one line (and the notes) for a script in which no model was trained."""
    from snellen.report.plain import plain

    how = "" if ending.failure is None else f" with {type(ending.failure).__name__}"
    first = f"snellen: no training seen: {script} ended{how} before any optimizer made a step"
    return "\n".join(plain(line) for line in (first, *(f"snellen: {note}" for note in notes)))


def _tell(screen: TextIO, text: str) -> None:
    # A standard error that the script closed, or whose reader has gone, hears nothing.
    with contextlib.suppress(OSError, ValueError):
        print(text, file=screen, flush=True)


def _flush_output() -> None:
    """Let what the script printed come before the card, where both go to one screen."""
    for stream in (sys.stdout, sys.stderr):
        flush: Callable[[], None] = getattr(stream, "flush", lambda: None)
        # What can't be written now is tried, and reported, again by Python at its end.
        with contextlib.suppress(OSError, ValueError):
            flush()


@contextlib.contextmanager
def _interrupts_at_once() -> Iterator[None]:
    """Inside, Ctrl-C raises `KeyboardInterrupt` even if the script had its own handler installed.

    A process that ignores Ctrl-C (one started in the background) goes on ignoring it.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    ):
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before if before is not None else signal.SIG_DFL)
