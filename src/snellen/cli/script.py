"""Running a user's script in this process the way `python SCRIPT` and `python -m MODULE` do."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import NoReturn

from snellen.core import SnellenError


class ScriptError(SnellenError):
    """There is no such script or module to run."""


@dataclass(frozen=True)
class Script:
    """What is to be run, and with which arguments."""

    target: str
    """A path as the user gave it, or the name of a module."""
    arguments: tuple[str, ...] = ()
    module: bool = False
    source: str | None = None
    """Run in place of what the file says; `None`: the file."""

    @classmethod
    def at(cls, path: str, arguments: Sequence[str] = ()) -> Script:
        """Raises `ScriptError` unless `path` is a file."""
        if Path(path).is_dir():
            raise ScriptError(
                f"{path!r} is a directory; give a script in it, or a module with -m MODULE"
            )
        if not Path(path).exists():
            raise ScriptError(f"no script {path!r} in {Path.cwd()}; give the path of a Python file")
        return cls(path, tuple(arguments))

    @classmethod
    def of_module(cls, name: str, arguments: Sequence[str] = ()) -> Script:
        return cls(name, tuple(arguments), module=True)

    def run(self) -> Ending:
        """Run it as `__main__` to its end. What it raises is returned, not raised."""
        try:
            if self.module:
                self._run_module()
            else:
                self._run_file()
        except (
            BaseException
        ) as error:  # The script's own, to be shown and raised again by `Ending`.
            return Ending(error)
        return Ending(None)

    def _run_file(self) -> None:
        # Python gives the absolute path to `__file__`, the real directory to `sys.path`, and leaves
        # `sys.argv[0]` as it was typed.
        path = os.path.abspath(self.target)  # noqa: PTH100 (`Path.resolve` would follow links)
        _lead_path_with(str(Path(self.target).resolve().parent))
        sys.argv[:] = [self.target, *self.arguments]
        source: bytes | str | None = self.source
        if source is None:
            with io.open_code(path) as file:
                source = file.read()
        main = _fresh_main(path, SourceFileLoader("__main__", path))
        _execute(compile(source, path, "exec", dont_inherit=True), main)

    def _run_module(self) -> None:
        _lead_path_with(str(Path.cwd()))
        # The real name is known only once the parents are imported; they may look at `sys.argv`.
        sys.argv[:] = ["-m", *self.arguments]
        spec = _module_spec(self.target)
        loader = spec.loader
        # A loader of another kind (an extension module's) has no code, or none to give.
        get_code: Callable[[str], CodeType | None] | None = getattr(loader, "get_code", None)
        code = None if get_code is None else get_code(spec.name)
        if code is None:
            raise ScriptError(f"module {spec.name!r} has no Python code to run")
        sys.argv[0] = spec.origin or self.target
        main = _fresh_main(spec.origin, loader)
        main.__spec__ = spec
        main.__package__ = spec.parent
        main.__cached__ = spec.cached  # type: ignore[attr-defined]
        _execute(code, main)


@dataclass(frozen=True, eq=False)
class Ending:
    """How a script ended: by itself (`error` is `None`), or by what it raised."""

    error: BaseException | None

    @property
    def status(self) -> int:
        """The exit status, before the system has cut it to what it takes."""
        match self.error:
            case None:
                return 0
            case SystemExit(code=None):
                return 0
            case SystemExit(code=int(code)):
                return code
            case KeyboardInterrupt():
                return 130
            case _:
                return 1

    @property
    def failure(self) -> BaseException | None:
        """What ended the script early; `None` when it ended well or chose its own status."""
        return None if isinstance(self.error, SystemExit) else self.error

    def show(self) -> Ending:
        """Write what Python would write: the traceback, without our frames, or the exit text.

        Returns how the process is to end: a `sys.excepthook` of the script's may choose a status.
        Raises `ScriptError` if there was no script to run.
        """
        error = self.error
        if error is None:
            return self
        if isinstance(error, SystemExit):
            if error.code is not None and not isinstance(error.code, int):
                _say(str(error.code))
            return self
        if isinstance(error, ScriptError):
            raise error
        _leave_our_frames_out(error)
        try:
            _call_excepthook(error)
        except SystemExit as chosen:
            return Ending(chosen).show()
        return self

    def leave(self, status: int | None = None) -> NoReturn:
        """End the process as Python would have, or with `status` in place of the script's own."""
        if isinstance(self.error, KeyboardInterrupt) and status is None:
            # Python finalises and then dies of SIGINT, which is what shells and schedulers look at.
            # Its traceback was shown before the verdict.
            sys.excepthook = _show_nothing
            raise self.error.with_traceback(None)
        sys.exit(self.status if status is None else status)


_first_main: list[ModuleType] = []
"""The `__main__` that Python started with. Kept: its globals serve until the process ends."""


def _fresh_main(file: str | None, loader: object) -> ModuleType:
    """A new module in the place of `__main__`, where pickle and multiprocessing look for it."""
    _first_main.append(sys.modules["__main__"])
    main = ModuleType("__main__")
    names: dict[str, object] = {
        "__builtins__": sys.modules["builtins"],
        "__annotations__": {},
        "__cached__": None,
        "__loader__": loader,
    }
    if file is not None:
        names["__file__"] = file
    vars(main).update(names)
    sys.modules["__main__"] = main
    return main


def _execute(code: CodeType, main: ModuleType) -> None:
    exec(code, main.__dict__)


def _lead_path_with(directory: str) -> None:
    # With -P or PYTHONSAFEPATH Python puts no directory there, and neither the command nor we do.
    if not sys.flags.safe_path:
        sys.path[0] = directory


def _module_spec(name: str) -> ModuleSpec:
    """Where `python -m name` finds its code: for a package, in its `__main__`."""
    parent = name.rpartition(".")[0]
    try:
        if parent:
            importlib.import_module(parent)
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError as error:
        # Only the module asked for may be missing by our account; else the script's imports failed.
        if error.name is None or not (parent + ".").startswith(error.name + "."):
            raise
        spec = None
    except ValueError as error:
        raise ScriptError(f"module {name!r} cannot be run: {error}") from error
    if spec is None:
        raise ScriptError(f"no module named {name!r}; -m takes a module's name, not a path")
    if spec.submodule_search_locations is not None:
        if name.endswith(".__main__"):
            raise ScriptError(f"{name!r} is a package and cannot be run")
        return _module_spec(f"{name}.__main__")
    return spec


def _leave_our_frames_out(error: BaseException) -> None:
    """Take snellen's frames out of the tracebacks of `error` and of those it came from."""
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        current = pending.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        # An error of ours (a wrong call of `snellen.watch`) keeps the frames that explain it.
        if not isinstance(current, SnellenError):
            current.__traceback__ = _without_our_frames(current.__traceback__)
        pending += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            pending += current.exceptions  # pyright: ignore[reportUnknownMemberType]


def _without_our_frames(trace: TracebackType | None) -> TracebackType | None:
    links: list[TracebackType] = []
    while trace is not None:
        leads_to_script = not links and _is_import(trace)
        if not _is_ours(trace) and not leads_to_script:
            links.append(trace)
        trace = trace.tb_next
    rebuilt: TracebackType | None = None
    for link in reversed(links):
        rebuilt = TracebackType(rebuilt, link.tb_frame, link.tb_lasti, link.tb_lineno)
    return rebuilt


def _is_ours(link: TracebackType) -> bool:
    """A frame of snellen, of what it wraps functions with, or of an import that its hooks stand in
    (Python hides the import system's frames, but not around a hook)."""
    room = str(link.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
    hidden = link.tb_frame.f_code.co_filename.startswith("<frozen importlib")
    return hidden or room in ("snellen", "wrapt")


def _is_import(link: TracebackType) -> bool:
    return str(link.tb_frame.f_globals.get("__name__", "")).partition(".")[0] == "importlib"


def _call_excepthook(error: BaseException) -> None:
    """Show an uncaught exception as the interpreter does, with the script's hook if any."""
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except SystemExit:
        raise
    except BaseException as broken:
        _leave_our_frames_out(broken)
        _say("Error in sys.excepthook:\n" + "".join(traceback.format_exception(broken)))
        _say("Original exception was:\n" + "".join(traceback.format_exception(error)).rstrip())


def _say(text: str) -> None:
    """To standard error, or to the first one where the script has put it away, as Python does."""
    stream = sys.stderr if sys.stderr is not None else sys.__stderr__
    if stream is not None:
        with contextlib.suppress(OSError, ValueError):
            print(text, file=stream, flush=True)


def _show_nothing(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """In the place of `sys.excepthook` once everything has been shown."""
