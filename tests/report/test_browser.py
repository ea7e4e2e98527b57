"""The page in a real browser: opens offline, says nothing on the console, filters, and fits a phone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.report.gather import gather
from assay.report.render import render
from tests.report.subjects import rows_of, ruleset_of, subject_of, table_of

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: apt-get install chromium")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = rows_of(3000)
    rows[5].update(text="needle in the haystack", word_count=2)
    out = tmp_path_factory.mktemp("report") / "report.html"
    out.write_text(render(gather("support", [subject_of(table_of(rows), ruleset=ruleset_of())])), "utf-8")
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
def page(browser: Any, report: Path) -> Iterator[Any]:
    context = browser.new_context(offline=True, viewport={"width": 1300, "height": 900})
    shown = context.new_page()
    shown.said, shown.asked = [], []
    shown.on("console", lambda message: shown.said.append(message.text))
    shown.on("pageerror", lambda error: shown.said.append(str(error)))
    shown.on("request", lambda request: shown.asked.append(request.url))
    shown.goto(report.as_uri())
    yield shown
    context.close()


def visible(page: Any) -> int:
    return page.locator(".ex:visible").count()


def test_it_opens_offline_and_asks_for_nothing(page: Any, report: Path) -> None:
    assert page.title() == "support – data report"
    assert page.asked == [report.as_uri()]
    assert page.said == []


def test_searching_narrows_the_examples(page: Any) -> None:
    assert visible(page) == 30
    page.fill("input[name=q]", "billing")
    some = visible(page)
    page.select_option("select[name=action]", "review")
    assert 0 < visible(page) < some
    assert "of" in page.locator(".filter output").inner_text()
    page.click("button[type=reset]")
    page.wait_for_function("document.querySelectorAll('.ex:not([hidden])').length === 30")


def test_a_number_in_the_table_shows_its_records(page: Any) -> None:
    page.locator(".heat a[data-filter]").first.click()
    page.wait_for_function("document.querySelector('select[name=rule]').value !== ''")
    rule = page.locator("select[name=rule]").input_value()
    assert visible(page) > 0
    for names in page.locator(".ex:visible").evaluate_all("items => items.map(i => i.dataset.rules)"):
        assert rule in names.split()


def test_an_example_opens_by_keyboard(page: Any) -> None:
    first = page.locator(".ex:visible").first
    first.locator("summary").focus()
    page.keyboard.press("Enter")
    assert first.get_attribute("open") is not None
    assert first.locator("blockquote").is_visible()


def test_a_rule_opens_and_its_example_is_found(page: Any) -> None:
    page.locator(".heat .more summary").first.click()
    page.locator(".heat .mini a").first.click()
    page.wait_for_selector(".ex[open]")
    assert page.locator(".ex[open]").is_visible()


def test_show_more_shows_more(page: Any) -> None:
    page.click("#more")
    assert visible(page) > 30


@pytest.mark.parametrize("width", [400, 768, 1300])
def test_nothing_sticks_out_sideways(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(page: Any, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    assert page.evaluate(CONTRAST) == []


def test_text_from_records_does_not_run(browser: Any, tmp_path: Path) -> None:
    rows = rows_of(40)
    for row in rows:
        row["text"] = row["domain"] = "<img src=x onerror=alert(1)><script>alert(2)</script>'\""
    out = tmp_path / "evil.html"
    out.write_text(render(gather("x", [subject_of(table_of(rows), ruleset=ruleset_of())])), "utf-8")
    page = browser.new_page()
    opened: list[str] = []
    page.on("dialog", lambda dialog: (opened.append(dialog.message), dialog.dismiss()))
    page.goto(out.as_uri())
    page.locator(".ex summary").first.click()
    page.wait_for_timeout(100)
    assert opened == []
    page.close()


# WCAG 2 contrast of every visible text against the nearest opaque background; tints are blended in order.
CONTRAST = """() => {
  const parse = (c) => { const m = c.match(/[\\d.]+/g).map(Number); return [m[0], m[1], m[2], m[3] ?? 1]; };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const light = (c) => { const f = (v) => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
    return .2126 * f(c[0]) + .7152 * f(c[1]) + .0722 * f(c[2]); };
  const bad = new Set();
  for (const el of document.querySelectorAll("body *")) {
    const own = [...el.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    const style = getComputedStyle(el);
    if (!own || !el.checkVisibility() || el.closest("[aria-hidden],svg,script,.vh,select")) continue;
    const layers = [];
    for (let at = el; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
    const ground = layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
    const [a, b] = [light(over(parse(style.color), ground)), light(ground)].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) bad.add(`${el.className || el.tagName} ${((a + .05) / (b + .05)).toFixed(2)}`);
  }
  return [...bad];
}"""
