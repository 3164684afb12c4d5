"""A training function named so that another process finds it, and called there.

`python -m snellen.integrations.calling ROOT PLACE NAME KEYWORDS` is the script of the trials of a
function; nobody types it.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from snellen.core import SnellenError

MODULE = "snellen.integrations.calling"
STAND_IN = "snellen_training"
"""What the user's script is called where it is no longer `__main__`."""


class CallError(SnellenError):
    """A function that another process can't call."""


@dataclass(frozen=True)
class Call:
    """A function by where it is written, with what it is given."""

    root: str
    """Directory that leads the import path, from the working directory where it is inside."""
    place: str
    """A module, or the path of a file that was run as a script."""
    name: str
    keywords: Mapping[str, Any]

    @property
    def arguments(self) -> tuple[str, ...]:
        return self.root, self.place, self.name, json.dumps(dict(self.keywords), sort_keys=True)

    @classmethod
    def of(cls, train: Callable[..., Any], keywords: Mapping[str, Any], directory: Path) -> Call:
        """Raises `CallError` for a function that can't be found again by its name."""
        if not isinstance(train, FunctionType):
            raise CallError(
                f"{train!r} is no plain function; give a function that trains when it is called, "
                "written at the top of a module or of a script"
            )
        name = train.__qualname__
        if "<lambda>" in name:
            raise CallError("a lambda has no name to be found by; write the training as a function")
        if "<locals>" in name or "." in name:
            raise CallError(
                f"{name} is written inside a function or a class, where another process does not "
                "find it; write it at the top of its file, and give what it needs as keywords"
            )
        module = sys.modules.get(train.__module__)
        file = getattr(module, "__file__", None)
        if module is None or not isinstance(file, str) or not Path(file).is_file():
            raise CallError(
                f"{name} is written in no file (a notebook, or the Python prompt), and every trial "
                "begins in a new process; write it into a module and import it from there"
            )
        if vars(module).get(name) is not train:
            raise CallError(
                f"{train.__module__}.{name} is not this function any more (it was decorated or "
                "replaced); give the one that stands under its name"
            )
        _require_plain(keywords)
        _require_signature(train, keywords)
        path = Path(file).resolve()
        if train.__module__ == "__main__":
            return cls(_near(path.parent, directory), _near(path, directory), name, keywords)
        depth = train.__module__.count(".") + (path.name == "__init__.py")
        return cls(_near(path.parents[depth], directory), train.__module__, name, keywords)


def being_called() -> bool:
    """Whether this process is one that calls a function for snellen."""
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    return getattr(spec, "name", "") == MODULE


def main(arguments: list[str]) -> None:
    """Find the function and call it."""
    root, place, name, keywords = arguments
    sys.path.insert(0, str(Path(root).resolve()))
    module = (
        _run_as_module(Path(place)) if place.endswith(".py") else importlib.import_module(place)
    )
    getattr(module, name)(**json.loads(keywords))


def _run_as_module(path: Path) -> ModuleType:
    """The user's script without what it does only as `__main__`, as `multiprocessing` has it."""
    spec = importlib.util.spec_from_file_location(STAND_IN, path.resolve())
    if spec is None or spec.loader is None:
        raise CallError(f"{path} can't be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[STAND_IN] = module
    spec.loader.exec_module(module)
    return module


def _near(path: Path, directory: Path) -> str:
    """From the directory where that is possible, so that trials take their copy of it."""
    here = directory.resolve()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _require_plain(keywords: Mapping[str, Any]) -> None:
    for key, value in keywords.items():
        try:
            same = json.loads(json.dumps(value, allow_nan=False)) == value
        except (TypeError, ValueError):
            same = False
        if not same:
            raise CallError(
                f"{key}={value!r} can't be told to another process; give numbers, texts, lists and "
                "dictionaries of those, and make the rest inside the function"
            )


def _require_signature(train: Callable[..., Any], keywords: Mapping[str, Any]) -> None:
    try:
        inspect.signature(train).bind(**keywords)
    except TypeError as error:
        raise CallError(f"{train.__name__}: {error}") from error


if __name__ == "__main__":
    main(sys.argv[1:])
