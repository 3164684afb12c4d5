"""A script watched from its first line to the verdict."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn, TextIO

import wrapt

from snellen.cli.exit_status import FINDINGS
from snellen.cli.script import Ending, Script
from snellen.core import SnellenError
from snellen.settings import Settings

if TYPE_CHECKING:
    from snellen.capture import Session


FRAMEWORKS = ("torch", "keras")


@dataclass
class LateSession:
    """The session, begun when the script imports a framework and not before.

    Until then nothing heavy is loaded: the script may still choose, in its environment, what NumPy
    and its kind read as they are imported (`OMP_NUM_THREADS`).
    """

    script: Script
    settings: Settings
    process: int
    directory: Path
    """Where the command was given."""
    session: Session | None = None
    notes: tuple[str, ...] = ()
    """What the user should know of a watching that came to nothing."""
    failed: bool = False
    """The watching broke down, so that nothing can be said of any training."""

    def arm(self) -> None:
        for framework in FRAMEWORKS:
            wrapt.register_post_import_hook(self._begin, framework)

    def _begin(self, module: ModuleType) -> None:
        if os.getpid() != self.process:
            return
        if self.session is not None:
            # The other framework, or Keras once it is whole: its import may have begun before.
            self.session.arm()
            return
        from snellen.capture import Session

        arguments = list(self.script.arguments)
        try:
            self.session = Session(
                self.settings,
                script=self.script.target,
                argv=arguments,
                module=self.script.module,
                directory=self.directory,
            )
        except SnellenError as error:
            # The script is importing: it goes on, unwatched.
            self.notes, self.failed = (str(error),), True
            return
        # Its own hook on this framework runs at once: the framework is there.
        self.session.arm()

    def finish(self, ending: Ending) -> Path | None:
        """The path of the run file, or `None` when nothing was trained."""
        if self.session is None:
            return None
        # What it adds about the ending is in the script's traceback, which was shown.
        self.notes = self.session.notes
        self.failed = self.session.boundary.tripped is not None
        return self.session.finish(ending.failure)


@dataclass(frozen=True)
class Watching:
    """Runs `script` under `settings` and ends the process as the script ended."""

    script: Script
    settings: Settings
    directory: Path
    """Where the command was given. The script may go elsewhere."""
    screen: TextIO
    """Where the card goes, whatever the script does to `sys.stderr`."""

    def run(self) -> NoReturn:
        process = os.getpid()
        late = LateSession(self.script, self.settings, process, self.directory)
        late.arm()
        ending = self.script.run()
        leaving = ending.show()
        if os.getpid() != process:
            # A forked child that ran on to the end of the script: its parent gives the verdict.
            leaving.leave()
        _flush_output()
        failed = False
        try:
            with _interrupts_at_once():
                failed = self._judge(late, ending)
        except KeyboardInterrupt as interrupt:
            self._tell("snellen: the verdict was interrupted")
            leaving = leaving if ending.failure else Ending(interrupt)
        leaving.leave(FINDINGS if failed and leaving.status == 0 else None)

    def _judge(self, late: LateSession, ending: Ending) -> bool:
        """End the watching and show the verdict; whether `fail_on` makes it a failure."""
        path = late.finish(ending)
        if path is None:
            if not self.settings.quiet:
                self._tell(no_verdict(self.script.target, ending, late))
            return False
        from snellen.capture.boundary import Boundary

        # The script's exit status stays its own, whatever breaks in a verdict.
        boundary = Boundary(lambda _, error: self._tell(broken_verdict(error, path)))
        return bool(boundary("verdict", self._give_verdict, path))

    def _give_verdict(self, path: Path) -> bool:
        from snellen.cli.verdict import give_verdict

        near = path.is_relative_to(self.directory)
        shown = path.relative_to(self.directory) if near else path
        return give_verdict(path, self.settings, self.screen, shown=str(shown), store=True)

    def _tell(self, text: str) -> None:
        # A standard error that the script closed, or whose reader has gone, hears nothing.
        with contextlib.suppress(OSError, ValueError):
            print(text, file=self.screen, flush=True)


def no_verdict(script: str, ending: Ending, late: LateSession) -> str:
    """The one line (and the notes) for a script that left nothing to judge."""
    from snellen.report.plain import plain

    how = "" if ending.failure is None else f" with {type(ending.failure).__name__}"
    first = f"no training seen: {script} ended{how} without a step of a PyTorch or Keras optimizer"
    if late.failed:
        first = f"no verdict: {script} could not be watched"
    return "\n".join(f"snellen: {plain(line)}" for line in (first, *late.notes))


def broken_verdict(error: Exception, path: Path) -> str:
    """What to say when a run could not be judged: whose fault it is, and what is left."""
    from snellen.report.plain import plain

    if isinstance(error, SnellenError):
        why = f"no verdict: {error}"
    else:
        why = f"no verdict, by a fault of snellen: {type(error).__name__}: {error}"
    return f"snellen: {plain(why)}\nsnellen: the run file is {plain(str(path))}"


def _flush_output() -> None:
    """Let what the script printed come before the card, where both go to one screen."""
    for stream in (sys.stdout, sys.stderr):
        flush: Callable[[], None] = getattr(stream, "flush", lambda: None)
        # What can't be written now is tried, and reported, again by Python at its end.
        with contextlib.suppress(OSError, ValueError):
            flush()


@contextlib.contextmanager
def _interrupts_at_once() -> Generator[None]:
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
