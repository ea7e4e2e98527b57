"""The page of a deduplication run in a real browser: offline, silent, legible, and it fits a phone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.report.dedup import Pair, render_dedup
from tests.report.dedup.pages import near_page, side
from tests.report.test_browser import CONTRAST

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: apt-get install chromium")
EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>'\""


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dedup") / "dedup.html"
    pairs = [
        Pair(
            left=side("a" * 90, f"{EVIL} same {'x' * 300}"),
            right=side("b", f"same {n} {EVIL}"),
            similarity=0.75 + n / 40,
        )
        for n in range(6)
    ]
    out.write_text(render_dedup(near_page(near_threshold=pairs, dataset="docs.document")), "utf-8")
    return out


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as play:
        args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        opened = play.chromium.launch(executable_path=CHROMIUM, args=args)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any, page_file: Path) -> Iterator[Any]:
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 800})
    shown = context.new_page()
    shown.said, shown.asked = [], []
    shown.on("console", lambda message: shown.said.append(message.text))
    shown.on("pageerror", lambda error: shown.said.append(str(error)))
    shown.on("dialog", lambda dialog: (shown.said.append(dialog.message), dialog.dismiss()))
    shown.on("request", lambda request: shown.asked.append(request.url))
    shown.goto(page_file.as_uri())
    yield shown
    context.close()


def test_it_opens_offline_asks_for_nothing_and_runs_nothing(page: Any, page_file: Path) -> None:
    page.wait_for_timeout(100)
    assert page.title() == "docs.document – Near duplicates"
    assert page.asked == [page_file.as_uri()]
    assert page.said == []
    assert page.locator("script, img").count() == 0


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_sticks_out_sideways(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(page: Any, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.evaluate("for (const item of document.querySelectorAll('details')) item.open = true")
    assert page.evaluate(CONTRAST) == []


def test_a_folded_pair_opens_by_keyboard(page: Any) -> None:
    folded = page.locator(".pair:not([open])").first
    row = folded.locator("summary")
    row.scroll_into_view_if_needed()
    place = row.element_handle()
    place.focus()
    page.keyboard.press("Enter")
    assert place.evaluate("item => item.parentElement.open")


def test_the_sides_of_a_pair_stand_side_by_side_and_on_a_phone_one_under_the_other(page: Any) -> None:
    def places() -> tuple[Any, Any]:
        pair = page.locator(".pair[open] .diff").first
        return pair.locator(".left").nth(1).bounding_box(), pair.locator(".right").nth(1).bounding_box()

    left, right = places()
    assert left["y"] == right["y"]
    assert left["x"] < right["x"]
    page.set_viewport_size({"width": 390, "height": 800})
    left, right = places()
    assert left["x"] == right["x"]
    assert left["y"] < right["y"]


def test_folded_pairs_are_printed(page: Any) -> None:
    folded = page.locator(".pair:not([open]) .diff")
    assert folded.count() > 0
    assert not folded.first.is_visible()
    page.emulate_media(media="print")
    assert min(folded.evaluate_all("items => items.map(item => item.getBoundingClientRect().height)")) > 20


def test_labels_of_charts_do_not_overlap(page: Any) -> None:
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(OVERLAPS) == []


OVERLAPS = """() => {
  const bad = [];
  for (const chart of document.querySelectorAll("svg.chart")) {
    const boxes = [...chart.querySelectorAll("text")].map((t) => [t.textContent, t.getBoundingClientRect()]);
    boxes.forEach(([a, p], i) => boxes.slice(i + 1).forEach(([b, q]) => {
      const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left);
      const high = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
      if (wide > 1 && high > 3) bad.push(`${a} / ${b}`);
    }));
  }
  return bad;
}"""
