"""A real browser without a network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "no Chromium: install one (Debian: apt-get install chromium; anywhere: "
    "python -m playwright install chromium) and run the tests again"
)


def executable(playwright: Any) -> str:
    """The system's Chromium, or the one that Playwright installs for the user; skips the test where
    there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    own = playwright.chromium.executable_path
    if found is None and not Path(own).exists():
        pytest.skip(MISSING)
    return found or own


@contextmanager
def launched() -> Generator[Any]:
    """The browser. Skips the test where Playwright or Chromium is missing."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with sync_api.sync_playwright() as playwright:
        # Chromium refuses its sandbox to root, as whom containers run.
        as_root = hasattr(os, "geteuid") and os.geteuid() == 0
        browser = playwright.chromium.launch(
            executable_path=executable(playwright), args=["--no-sandbox"] if as_root else []
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Opened:
    """A page as it was opened, and everything that went wrong in it."""

    page: Any
    problems: list[str] = field(default_factory=list[str])
    requests: list[str] = field(default_factory=list[str])

    def text(self, selector: str) -> str:
        return str(self.page.locator(selector).inner_text())

    def styles(self, selector: str, name: str) -> list[str]:
        """A computed style of every element that is found."""
        script = "(all, name) => all.map((one) => getComputedStyle(one)[name])"
        return list(self.page.eval_on_selector_all(selector, script, name))


@contextmanager
def opened(browser: Any, file: Path, *, fragment: str = "", **options: Any) -> Generator[Opened]:
    """The file, from disk, with the network off, once all its charts are drawn."""
    context = browser.new_context(offline=True, **options)
    found = Opened(context.new_page())
    found.page.on("pageerror", lambda error: found.problems.append(str(error)))
    found.page.on(
        "console",
        lambda said: found.problems.append(said.text) if said.type == "error" else None,
    )
    found.page.on("request", lambda request: found.requests.append(request.url))
    found.page.goto(file.as_uri() + fragment)
    found.page.wait_for_selector("html[data-drawn]", state="attached", timeout=60_000)
    try:
        yield found
    finally:
        context.close()
