"""Settings from everywhere they can be given, the nearest to the command winning."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from snellen.settings.errors import SettingsError
from snellen.settings.settings import KINDS, Settings

_PREFIX = "SNELLEN_"
_OTHERS = frozenset({"SNELLEN_NO_KERNEL"})
"""Variables of ours that are read elsewhere: they are no settings."""


def resolve(cli: Mapping[str, Any], env: Mapping[str, str], directory: Path) -> Settings:
    """Defaults, over them `[tool.snellen]`, over it `SNELLEN_*`, over them the command line.

    `cli` goes by the names of `Settings`; `None` there and an empty variable in `env` mean: not
    given. The table is that of the nearest `pyproject.toml` from `directory` upwards that has one;
    its paths start at that file. Raises `SettingsError` for a name that is none and for a value
    that does not fit. Thresholds of symptoms are joined one by one.
    """
    sources = (_from_pyproject(directory), _from_environment(env), _from_command_line(cli))
    given: dict[str, Any] = {}
    for source in sources:
        thresholds = given.get("thresholds", {}) | source.get("thresholds", {})
        given |= source
        if thresholds:
            given["thresholds"] = thresholds
    return Settings(**given)


def _from_command_line(cli: Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, value in cli.items():
        if value is None:
            continue
        if name not in KINDS:
            raise _unknown(_option(name), _option(name), map(_option, KINDS))
        given[name] = _parsed(_option(name), name, value, text=isinstance(value, str))
    return given


def _from_environment(env: Mapping[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for variable, text in env.items():
        if not variable.startswith(_PREFIX) or not text or variable in _OTHERS:
            continue
        name = variable.removeprefix(_PREFIX).lower()
        if name not in KINDS:
            raise _unknown(variable, variable, (_PREFIX + x.upper() for x in KINDS))
        given[name] = _parsed(variable, name, text, text=True)
    return given


def _from_pyproject(directory: Path) -> dict[str, Any]:
    start = directory.absolute()
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            table = _table(path)
            if table is not None:
                return _from_table(path, table)
    return {}


def _table(path: Path) -> Any:
    """`[tool.snellen]`, or `None` when the file has none."""
    try:
        tools: Any = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    except OSError as exc:
        raise SettingsError(
            str(path), f"can't be read ({exc.strerror}); expected a file that you may read"
        ) from exc
    except ValueError as exc:
        # Of TOML or of UTF-8: both errors are of this kind.
        raise SettingsError(str(path), f"not valid TOML ({exc}); mend it or move it away") from exc
    return cast(dict[str, Any], tools).get("snellen") if isinstance(tools, dict) else None


def _from_table(path: Path, table: Any) -> dict[str, Any]:
    source = f"{path} [tool.snellen]"
    if not isinstance(table, dict):
        raise SettingsError(source, f"met {table!r}; expected a table of settings")
    given: dict[str, Any] = {}
    for key, value in cast(dict[str, Any], table).items():
        name = key.replace("-", "_")
        if name not in KINDS or "_" in key:
            raise _unknown(source, key, map(_key, KINDS))
        parsed = _parsed(f"{source} {key}", name, value, text=False)
        given[name] = path.parent / parsed if isinstance(parsed, Path) else parsed
    return given


def _parsed(source: str, name: str, value: Any, *, text: bool) -> Any:
    kind = KINDS[name]
    try:
        return kind.from_text(value) if text else kind.from_value(value)
    except ValueError as exc:
        raise SettingsError(source, f"met {value!r}; expected {kind.expected}") from exc


def _unknown(source: str, met: str, known: Iterable[str]) -> SettingsError:
    names = list(known)
    near = difflib.get_close_matches(met, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names)}"
    return SettingsError(source, f"there is no setting {met}; {hint}")


def _key(name: str) -> str:
    return name.replace("_", "-")


def _option(name: str) -> str:
    return f"--{_key(name)}"
