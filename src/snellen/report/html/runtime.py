"""The JavaScript that draws Vega-Lite charts, as text to be put into a page."""

from __future__ import annotations

import contextlib
import os
import tempfile
from importlib.metadata import version
from pathlib import Path

NOTICE = (
    "/* Vega, Vega-Lite, Vega-Embed and vega-interpreter: Copyright (c) University of Washington "
    "Interactive Data Lab and contributors, BSD-3-Clause, https://github.com/vega. With d3 and "
    "topojson: Copyright (c) Mike Bostock, ISC, https://github.com/d3. */\n"
)


def chart_runtime(cache: Path | None = None) -> str:
    """Vega-Embed with all it needs, as `vegaEmbed`; no network is asked for it.

    Bundling it takes a second or two, so it is kept in `cache` (that of the user if `None`) for the
    next page. A cache that can't be written is done without.
    """
    import vl_convert

    place = (cache or _user_cache()) / f"vega-{version('vl-convert-python')}.js"
    with contextlib.suppress(OSError, UnicodeError):
        kept = place.read_text(encoding="utf-8")
        if kept.startswith(NOTICE) and kept.endswith(END):
            return kept
    made = NOTICE + vl_convert.javascript_bundle("window.vegaEmbed=vegaEmbed;") + END
    with contextlib.suppress(OSError):
        _keep(made, place)
    return made


END = "\n/* end of the chart runtime */"
"""Shows that a kept file is a whole one."""


def _keep(text: str, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    # Written beside and moved into place: another process may be reading.
    handle, name = tempfile.mkstemp(dir=place.parent, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(place)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _user_cache() -> Path:
    import platformdirs

    return Path(platformdirs.user_cache_dir("snellen", appauthor=False))
