"""The page: one file, nothing fetched, nothing executed that came with the data, the same bytes for the same data."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from html.parser import HTMLParser
from itertools import pairwise

from assay.report.gather import gather
from assay.report.model import Gate, QuarantineReason
from assay.report.page import share
from assay.report.render import render
from tests.report.subjects import rows_of, ruleset_of, subject_of, table_of

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`</style></title>{{7*7}}"


class Tags(HTMLParser):
    """Every attribute, as a browser reads it."""

    def __init__(self) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(name, value or "") for name, value in attrs]


def page(count: int = 800, **more: object) -> str:
    return render(gather("support", [subject_of(table_of(rows_of(count)), ruleset=ruleset_of())], **more))  # type: ignore[arg-type]  # test helper


def test_text_from_records_is_never_markup() -> None:
    rows = rows_of(60)
    for row in rows:
        for name in ("record_id", "domain", "origin", "license", "text", "language"):
            row[name] = f"{EVIL}{row['record_id']}" if name == "record_id" else EVIL
        row["source"]["path"] = EVIL
        row["word_count"] = 1
    subject = subject_of(table_of(rows), dataset="<b>x.qa", ruleset=ruleset_of())
    quarantine = [QuarantineReason(EVIL, 3, [(EVIL, EVIL)])]
    html = render(gather(EVIL, [subject], quarantine=quarantine, gates=[Gate(EVIL, "fail", EVIL, EVIL)]))
    assert html.count("<script") == 1
    assert "<img" not in html
    assert "onerror=alert(2)&gt;" in html
    tags = Tags()
    tags.feed(html)
    assert [name for name, _ in tags.attributes if name.startswith("on")] == []
    assert {value for name, value in tags.attributes if name == "href" and not value.startswith("#")} == {"data:,"}
    assert "49" not in re.findall(r"<h1>(.*?)</h1>", html, re.S)[0]


def test_only_our_script_may_run_and_nothing_may_be_fetched() -> None:
    html = page(50)
    script = html.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = re.findall(r'Content-Security-Policy" content="([^"]+)"', html)[0].replace("&#39;", "'")
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"(?:src|href)=[\"'](?!#|data:)", html)
    assert "@import" not in html
    assert "url(" not in html


def test_batches_leave_no_trace() -> None:
    table = table_of(rows_of(900))
    pages = [
        render(gather("s", [subject_of(table, ruleset=ruleset_of(), batch_rows=n)], identity=[("Run", "r1")]))
        for n in (7, 250, 1000)
    ]
    assert pages[0] == pages[1] == pages[2]


def test_only_the_run_block_differs_between_two_runs() -> None:
    first = page(200, identity=[("Run", "r1"), ("Made", "2026-01-01")])
    second = page(200, identity=[("Run", "r2"), ("Made", "2026-01-02")])
    block = re.compile(r'<dl class="ids" id="run">.*?</dl>', re.S)
    assert first != second
    assert block.sub("", first) == block.sub("", second)


def test_what_no_rule_judges_is_never_shown_as_met() -> None:
    html = page(200)
    cells = re.findall(r'<td class="s (\w+)">\s*<span class="(\w+)">([^<]*)', html)
    plain = [words for state, _, words in cells if state == "none"]
    assert plain
    assert set(plain) <= {"not measured", "no rule judges it", "unknown for all"}
    assert not any(state == "meets" and words for state, kind, words in cells if kind == "nm")


def test_undecided_data_is_reported_as_undecided() -> None:
    html = render(gather("raw", [subject_of(table_of(rows_of(50)))]))
    assert "not yet decided" in html
    assert "No rules were applied" in html
    assert 'class="s meets">●' not in html.split("<tbody>")[1]


def test_an_empty_dataset_has_a_report() -> None:
    html = render(gather("empty", [subject_of(table_of([]), ruleset=ruleset_of())]))
    assert "No records." in html


def test_headings_go_down_one_level_at_a_time_and_tables_have_scopes() -> None:
    html = page(200)
    levels = [int(level) for level in re.findall(r"<h([1-6])", html)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert not re.search(r"<th(?![^>]*scope=)[ >]", html)


def test_every_number_leads_to_records() -> None:
    html = page(2000)
    listed = set(re.findall(r'data-rules="([^"]*)"', html))
    rules_shown = {name for names in listed for name in names.split()}
    fired = set(re.findall(r'data-filter=\'\{"rule":"(\w+)"', html))
    assert fired
    assert fired <= rules_shown


def test_a_hundred_thousand_rows_take_seconds_and_stay_small() -> None:
    subject = subject_of(table_of(rows_of(100_000)), ruleset=ruleset_of())
    begun = time.perf_counter()
    html = render(gather("big", [subject]))
    assert time.perf_counter() - begun < 10
    assert len(html.encode()) < 2_000_000


def test_shares_never_round_to_none_or_all() -> None:
    assert [share(*pair) for pair in ((0, 9), (9, 9), (1, 10**6), (10**6 - 1, 10**6), (1, 3), (0, 0))] == [
        "0%",
        "100%",
        "<0.1%",
        ">99.9%",
        "33.3%",
        "–",
    ]
