"""Runs every benchmark beside this file, or those named, and prints one table: `python -m bench
[NAME ...]`.

A benchmark is a module with `measure()`, which gives `Row`s.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

from rich.console import Console
from rich.table import Table

import bench
from bench.row import Row


def main(names: list[str]) -> int:
    modules = [importlib.import_module(f"bench.{name}") for name in names or found()]
    table = Table("figure", "value", "at most", "", "behind it")
    rows: list[Row] = []
    for module in modules:
        if not hasattr(module, "measure"):
            continue
        for row in module.measure():
            print(f"  {row.name}: {row.value:.3g} {row.unit}", file=sys.stderr, flush=True)
            rows.append(row)
            limit = "" if row.limit is None else f"{row.limit:g} {row.unit}"
            mark = "" if row.limit is None else "kept" if row.kept else "MISSED"
            table.add_row(row.name, f"{row.value:.3g} {row.unit}", limit, mark, row.note)
    Console(width=140).print(table)
    return 0 if all(row.kept for row in rows) else 1


def found() -> list[str]:
    """Every module of this package but this one."""
    return sorted(m.name for m in pkgutil.iter_modules(bench.__path__) if m.name != "__main__")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
