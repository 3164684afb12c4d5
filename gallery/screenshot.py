"""A picture of the report page of the demo.

`python -m gallery.screenshot docs/pictures/report.png` trains the demo, makes its page and
photographs it in Chromium, which must be there. Needs the `dev` extra.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from gallery.truth import GALLERY

DEMO = GALLERY.parent / "src" / "snellen" / "demo" / "digits_torch.py"
WIDTH, HEIGHT = 1120, 1000
LAYER = "layer-0-0"
"""The only one of the demo in which some channels live on."""
COLOURS = 256
"""Enough for a page, and a third of the bytes."""


def main(picture: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        script, page = Path(folder) / "train.py", Path(folder) / "page.html"
        shutil.copyfile(DEMO, script)
        command = [sys.executable, "-m", "snellen", "run", "-q", "--html", str(page), script.name]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        shots = photographed(page)
    whole = Image.new("RGB", (WIDTH, sum(shot.height for shot in shots)), "white")
    top = 0
    for shot in shots:
        whole.paste(shot, (0, top))
        top += shot.height
    picture.parent.mkdir(parents=True, exist_ok=True)
    whole.quantize(COLOURS).save(picture, optimize=True)


def photographed(page: Path) -> list[Image.Image]:
    """The verdict with its cause, and the network with a layer early in the training."""
    with sync_playwright() as playwright:
        as_root = hasattr(os, "geteuid") and os.geteuid() == 0
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=["--no-sandbox"] if as_root else [],
        )
        tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        tab.goto(page.as_uri())
        tab.wait_for_selector("html[data-drawn]", state="attached")
        tab.locator(f'[data-layer="{LAYER}"]').click()
        # The ring around what was clicked goes.
        tab.evaluate("document.activeElement.blur()")
        tab.evaluate("document.querySelector('.top').style.position = 'static'")
        whole = Image.open(io.BytesIO(tab.screenshot(full_page=True))).convert("RGB")
        spans = [tab.evaluate(SPAN, ends) for ends in ((".top", ".why"), ("#network", "#channel"))]
        browser.close()
    return [whole.crop((0, round(top), WIDTH, round(bottom) + MARGIN)) for top, bottom in spans]


SPAN = """(ends) => {
    const [first, last] = ends.map((name) => document.querySelector(name).getBoundingClientRect());
    return [first.top + scrollY, last.bottom + scrollY];
}"""
"""From the top of one element to the bottom of another, on the page."""
MARGIN = 24


if __name__ == "__main__":
    main(Path(sys.argv[1]))
