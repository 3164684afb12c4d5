"""The page in Chromium, made of real run files of both frameworks."""

from __future__ import annotations

from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from cli.command import snellen
from report import runs
from report.html.browser import launched, opened
from report.html.pages import page

GALLERY = Path(__file__).parents[3] / "gallery" / "high_learning_rate"
EVIL = "</script><script>document.title='taken'</script>"
LEFT_END = '#chart-spread .mark-rule.role-mark line[transform^="translate(0,"]'
"""The rule of the step that is shown, where the axis begins."""
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Generator[Any]:
    with launched() as found:
        yield found


@pytest.fixture(scope="module", params=["torch", "keras"])
def report(
    request: pytest.FixtureRequest, browser: Any, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The page of a training whose learning rate is far too high."""
    needs = {"torch": ["torch"], "keras": ["keras", "tensorflow"]}[request.param]
    if any(find_spec(name) is None for name in needs):
        pytest.skip(f"needs {' and '.join(needs)}")
    folder = tmp_path_factory.mktemp(request.param)
    script = str(GALLERY / f"{request.param}_train.py")
    done = snellen(
        "run", "--quiet", "--run-file", "run.snellen", "--html", "page.html", script,
        directory=folder, env={"OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "page.html"


@pytest.mark.slow
def test_it_opens_from_disk_without_a_network_or_an_error(report: Path, browser: Any) -> None:
    with opened(browser, report) as seen:
        assert seen.problems == []
        assert {url.partition(":")[0] for url in seen.requests} <= {"file", "data"}
        assert "Learning rate too high" in seen.text("h1")
        assert seen.page.locator(".chart svg").count() >= 6
        assert seen.page.locator(".chart .hint").count() == 0


@pytest.mark.slow
def test_the_slider_changes_maps_marks_and_numbers_together(report: Path, browser: Any) -> None:
    with opened(browser, report) as seen:
        after = seen.styles("#maps button .map", "backgroundImage")
        assert seen.page.locator(LEFT_END).count() == 0
        assert "32 dead" in seen.text("#tally")
        assert set(seen.styles("#maps button .sign", "display")) != {"none"}
        seen.page.focus("#step")
        seen.page.keyboard.press("Home")
        before = seen.styles("#maps button .map", "backgroundImage")
        assert seen.text("#step-said") == "0"
        assert "32 alive" in seen.text("#tally")
        assert all(b != a and "data:image/png" in b for b, a in zip(before, after, strict=True))
        assert set(seen.styles("#maps button .sign", "display")) == {"none"}
        # The rule in the charts has come along, to the left end of the axis.
        seen.page.wait_for_selector(LEFT_END, state="attached")
        assert seen.problems == []


@pytest.mark.slow
def test_a_dead_channels_mark_leads_to_the_channel(report: Path, browser: Any) -> None:
    with opened(browser, report) as seen:
        seen.page.locator("#found details.error .marks a").nth(3).click()
        chosen = seen.page.locator('#channels button[aria-pressed="true"]')
        assert chosen.get_attribute("data-channel") == "3"
        assert seen.text("#channel h5").startswith("Channel 3: dead")
        assert "0% of images" in seen.text("#channel")
        assert chosen.is_visible()


@pytest.mark.slow
def test_a_finding_leads_to_its_layer_its_step_and_its_page(report: Path, browser: Any) -> None:
    with opened(browser, report) as seen:
        seen.page.locator("#next").click()
        link = seen.page.locator("#found details.error li > a").first
        link.click()
        shown = seen.page.locator("article.layer:visible")
        assert shown.count() == 1
        assert shown.get_attribute("id") == (link.get_attribute("href") or "")[1:]
        assert int(seen.text("#step-said")) <= int(link.get_attribute("data-step") or -1)
        seen.page.locator('#found a[href="#doc-S01"]').click()
        seen.page.wait_for_selector("#doc-S01[open]")
        assert seen.page.locator("#doc-S01").get_by_text("Why it matters").is_visible()


def serious(axe: Any, page: Any, options: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    """The rule that is broken, and where first."""
    violations = axe.run(page, options=options).response["violations"]
    bad = [v for v in violations if v["impact"] in ("serious", "critical")]
    return [(v["id"], v["nodes"][0]["html"][:200]) for v in bad]


@pytest.mark.slow
def test_axe_finds_nothing_serious(report: Path, browser: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    # The policy would keep out the checker too.
    with opened(browser, report, bypass_csp=True) as seen:
        # Of the pages of symptoms and causes one is like the other.
        seen.page.evaluate(
            "document.querySelectorAll('details:not(.documentation), #doc-S01')"
            ".forEach((one) => (one.open = true))"
        )
        assert serious(axe, seen.page) == []
        # Nothing but the colours is different in the dark.
        seen.page.emulate_media(color_scheme="dark")
        assert serious(axe, seen.page, {"runOnly": ["color-contrast"]}) == []
        seen.page.add_style_tag(content="p { color: #888 !important; background: #777 }")
        assert [rule for rule, _ in serious(axe, seen.page, {"runOnly": ["color-contrast"]})]


@pytest.mark.slow
def test_it_fits_a_phone(report: Path, browser: Any) -> None:
    with opened(browser, report, viewport=PHONE) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "page.html"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_layer_named_like_a_script_is_shown_as_text(browser: Any, tmp_path: Path) -> None:
    layers = [runs.layer(EVIL, 0, 4), runs.layer("conv2", 1, 4)]
    subject = runs.subject(layers, name=EVIL)
    finding = runs.finding(EVIL, EVIL, channels=[0], subject=EVIL, step=1)
    file = written(tmp_path, page(subject, verdicts=[finding], pictured=True))
    with opened(browser, file) as seen:
        assert seen.page.title() != "taken"
        assert EVIL in seen.text("article.layer:not([hidden]) h3")
        assert EVIL in seen.text("#finding-0")
        assert seen.problems == []


def test_a_page_without_any_layer_opens_too(browser: Any, tmp_path: Path) -> None:
    with opened(browser, written(tmp_path, page(runs.subject([])))) as seen:
        assert seen.problems == []
        assert not seen.page.locator("#stage").is_visible()


def test_the_address_of_a_layer_opens_it(browser: Any, tmp_path: Path) -> None:
    subject = runs.subject([runs.layer("conv1", 0, 4), runs.layer("conv2", 1, 4)])
    file = written(tmp_path, page(subject))
    with opened(browser, file, fragment="#layer-0-1") as seen:
        assert seen.text("article.layer:not([hidden]) h3") == "conv2"
        seen.page.locator("#previous").click()
        assert seen.text("article.layer:not([hidden]) h3") == "conv1"
        assert seen.page.locator("#previous").is_disabled()
        seen.page.go_back()
        assert seen.text("article.layer:not([hidden]) h3") == "conv2"


def test_the_browser_would_tell_of_an_error(browser: Any, tmp_path: Path) -> None:
    file = written(tmp_path, "<html data-drawn><script>nothing.at.all</script></html>")
    with opened(browser, file) as seen:
        assert len(seen.problems) == 1
