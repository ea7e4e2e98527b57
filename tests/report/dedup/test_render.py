"""The page of a deduplication run: the numbers shown are those given, record text never runs, nothing is fetched."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assay.report.dedup import Cluster, DedupPage, Pair, SourceRow, TemplateGroup, render_dedup, similarity_bins
from tests.report.dedup.pages import bare_page, near_page, real_page, side

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`</style></title>{{7*7}}</svg>"


class Page(HTMLParser):
    """Attributes and words, as a browser reads them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self._style = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(name, value or "") for name, value in attrs]
        self._style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._style = False

    def handle_data(self, data: str) -> None:
        if not self._style:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def text_of(page: DedupPage) -> str:
    return Page(render_dedup(page)).text


@pytest.mark.parametrize(
    "said",
    [
        "docs.document", "version v3", "method near", "compared title, text", "10.0% of 12,345 records",
        "Duplicates 1,234 77 kept for values", "Clusters 41", "Pairs verified 10", "Pairs rejected 16",
        "Text compared 98.8 MB",
        "98,765,432", "12 records had nothing to compare", "6 pairs of long runs of equal bands were not compared",
        "bands 14", "Seconds 2.5 (39.5 MB/s)", "Peak memory 1.5 GB", "threads (2 workers)",
    ],
)  # fmt: skip
def test_the_facts_of_the_run_are_shown(said: str) -> None:
    assert said in text_of(near_page())


def test_every_bar_of_the_histogram_says_its_pairs() -> None:
    html = render_dedup(near_page())
    titles = re.findall(r"<title>([\d.]+) to ([\d.]+): ([^<]*)</title>", html)
    assert titles == [
        ("0.4", "0.42", "5 rejected"), ("0.7", "0.72", "11 rejected"),
        ("0.84", "0.86", "3 verified"), ("0.98", "1", "7 verified"),
    ]  # fmt: skip
    assert "threshold 0.8" in html
    assert "never proposed are not in it" in html


def test_the_chance_of_detection_at_the_threshold_is_written_out() -> None:
    expected = 1 - (1 - 0.8**8) ** 14
    assert f"{expected:.1%}" == "92.4%"
    html = render_dedup(near_page())
    assert html.count("92.4%") >= 3  # in the summary, on the chart and beside it
    assert "14 bands of 8 rows" in html
    half = next(j / 10_000 for j in range(10_001) if 1 - (1 - (j / 10_000) ** 8) ** 14 >= 0.5)
    assert f"Half of all pairs are found at {half:.2f}" in Page(html).text
    assert "0.625: 29% of 10,021 pairs" in html


def test_sizes_of_clusters_are_counted_in_bins_of_records() -> None:
    html = render_dedup(near_page())
    assert re.findall(r"<title>clusters in clusters of ([^<]*)</title>", html) == [
        "2: 30",
        "3: 9",
        "4 to 5: 1",
        "64 to 95: 1",
    ]
    assert re.findall(r"<title>duplicates in clusters of ([^<]*)</title>", html) == [
        "2: 30",
        "3: 18",
        "4 to 5: 4",
        "64 to 95: 89",
    ]


def test_the_largest_clusters_are_listed_with_their_least_alike_member() -> None:
    said = text_of(near_page())
    assert "90 big-1 a.jl 0.812 Once upon a time" in said
    assert re.search(r"5 big-2 – word0 word1 .* …", said)


def test_sources_with_an_alarm_stand_first_and_are_said_in_words() -> None:
    html = render_dedup(near_page())
    said = Page(html).text
    assert "ALARM: 1,200 of 4,000 (30.0%) of bad.jsonl nearly repeat another" in said
    table = html[html.index('class="by-source"') :]
    names = re.findall(r'<th scope="row" class="path">([\w.]+)', table)
    assert names == ["bad.jsonl", "fine.jsonl", "none.jsonl"]
    assert table.count('class="over"') == 1


def test_many_sources_are_cut_but_never_one_with_an_alarm() -> None:
    sources = [SourceRow(source=f"s{i:03d}", rows=100, duplicates=40 if i < 50 else 1, alarm=i < 50) for i in range(90)]
    said = text_of(near_page(sources=sources))
    assert "and 40 more sources, none with an alarm" in said
    assert "s049" in said
    assert "ALARM: 47 more sources lose as much" in said


def test_pairs_stand_on_their_side_of_the_threshold_nearest_first() -> None:
    said = text_of(near_page())
    above, below = said.index("At or above"), said.index("Below: kept apart")
    places = [said.index(word) for word in (" l3 ", " l1 ", " l2 ")]
    assert above < places[0] < places[1] < below < places[2]


def test_a_similarity_is_never_rounded_across_the_threshold() -> None:
    said = text_of(near_page())
    assert "0.7999 kept apart" in said
    assert "0.800 copies" in said


def test_what_differs_is_marked_and_what_is_alike_is_folded() -> None:
    html = render_dedup(near_page())
    assert "<del>red</del> end" in html
    assert "<ins>blue</ins> end" in html
    assert "… 390 words alike …" in html
    assert "word389 " not in html.split('id="pairs"')[1].split("<del>")[0]
    assert "No word differs: only case, accents, spacing or punctuation can." in html


def test_templates_show_the_values_that_differ() -> None:
    html = render_dedup(near_page())
    said = Page(html).text
    assert "77 records are like their keeper in all but the values filled in" in said
    assert "77 of 90 records kept for their values" in said
    part = html.split('id="templates"')[1]
    assert re.findall(r"<del>(.*?)</del>", part) == ["Ms Okafor", "20"]
    assert re.findall(r"<ins>(.*?)</ins>", part) == ["Mr Lind", "31"]


def test_text_from_records_is_never_markup() -> None:
    evil = side(EVIL, EVIL, EVIL)
    page = near_page(
        dataset=EVIL, version=EVIL, fields=[EVIL], parameters=[(EVIL, EVIL)], engine=EVIL,
        largest=[Cluster(keeper_id=EVIL, size=3, smallest_similarity=0.9, excerpt=EVIL, source=EVIL)],
        sources=[SourceRow(source=EVIL, rows=50, duplicates=40, alarm=True)],
        templates=[TemplateGroup(keeper=evil, size=9, kept=3, members=[side(EVIL, f"x {EVIL}", EVIL)])],
        near_threshold=[Pair(left=evil, right=side(EVIL, f"{EVIL} y", EVIL), similarity=s) for s in (0.9, 0.7)],
    )  # fmt: skip
    html = render_dedup(page)
    assert "<script" not in html
    assert "<img" not in html
    assert html.count("</style>") == html.count("</title></head>") + 1 == 1
    seen = Page(html)
    assert [name for name, _ in seen.attributes if name.startswith("on")] == []
    assert {value for name, value in seen.attributes if name == "href" and not value.startswith("#")} == {"data:,"}
    assert "{{7*7}}" in seen.text


def test_nothing_runs_and_nothing_is_fetched() -> None:
    html = render_dedup(near_page())
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in html.replace("&#39;", "'")
    assert "<script" not in html
    assert not re.search(r"(?:src|href)=[\"'](?!#|data:)", html)
    assert "@import" not in html
    assert "url(" not in html


def test_the_same_data_gives_the_same_bytes_whatever_its_order() -> None:
    page = near_page()
    turned = replace(
        page,
        sources=list(page.sources)[::-1],
        cluster_sizes=list(page.cluster_sizes)[::-1],
        near_threshold=list(page.near_threshold)[::-1],
    )
    assert render_dedup(page) == render_dedup(page) == render_dedup(turned)


def test_only_the_last_block_differs_between_two_runs() -> None:
    first = render_dedup(near_page())
    second = render_dedup(near_page(seconds=9.0, peak_bytes=7, engine="ray"))
    block = re.compile(r'<dl class="ids" id="run">.*?</dl>', re.S)
    assert first != second
    assert block.sub("", first) == block.sub("", second)


def test_headings_go_down_one_level_at_a_time_and_tables_have_scopes() -> None:
    html = render_dedup(near_page())
    levels = [int(level) for level in re.findall(r"<h([1-6])", html)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert not re.search(r"<th(?![^>]*scope=)[ >]", html)
    assert len(re.findall(r"<svg[^>]*aria-label=\"[^\"]+", html)) == html.count("<svg") == 4


def test_every_link_leads_somewhere() -> None:
    html = render_dedup(near_page())
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(re.findall(r'id="([^"]+)"', html))


@pytest.mark.parametrize("method", ["near", "exact", "substring", "semantic"])
@pytest.mark.parametrize("threshold", [None, 0.8], ids=["no threshold", "a threshold"])
def test_a_run_that_found_nothing_has_a_page(method: str, threshold: float | None) -> None:
    html = render_dedup(bare_page(method, threshold=threshold, verified_bins=[0] * 50, rejected_bins=[0] * 50))
    assert "0% of 10 records" in Page(html).text
    assert "None" not in Page(html).text
    assert ("No pair was proposed" in html) == (threshold is not None)
    assert 'class="curve"' not in html


def test_no_records_no_page_of_shares() -> None:
    said = text_of(replace(bare_page(), records=0))
    assert "No records." in said


def test_one_cluster_and_one_source_are_enough() -> None:
    page = bare_page("exact", cluster_sizes=[(2, 1)], sources=[SourceRow(source="a", rows=10, duplicates=1)])
    said = text_of(replace(page, clusters=1, duplicates=1))
    assert "1 cluster, the largest of 2 records" in said
    assert "10.0% of 10 records repeat another" in said


def test_pairs_all_on_one_side_leave_the_other_empty() -> None:
    one = Pair(left=side("a", "x y"), right=side("b", "x z"), similarity=0.9)
    assert "Below: kept apart 0 shown, nearest first None." in text_of(near_page(near_threshold=[one]))


def test_spans_are_not_called_duplicates() -> None:
    page = replace(bare_page("substring"), clusters=4, duplicates=3, cluster_sizes=[(2, 3), (9, 1)])
    said = text_of(page)
    assert "30.0% of 10 records have text that others have too" in said
    assert "Repeated spans by size" in said
    assert "Duplicates by size of cluster" not in said


def test_texts_without_bounds_make_no_page_without_bounds() -> None:
    long = " ".join(f"w{i}" for i in range(300_000))
    other = " ".join(f"w{i}" if i % 7 else f"v{i}" for i in range(300_000))
    pairs = [Pair(left=side(f"a{n}", long), right=side(f"b{n}", other), similarity=0.81) for n in range(50)]
    html = render_dedup(near_page(near_threshold=pairs))
    assert len(html) < 400_000
    assert "bytes left" in html


def test_a_page_wants_a_known_method_and_as_many_bins_of_both() -> None:
    with pytest.raises(ValueError, match="method is one of"):
        bare_page("fuzzy")
    with pytest.raises(ValueError, match="2 bins of verified pairs, 3 of rejected"):
        bare_page(verified_bins=[1, 2], rejected_bins=[1, 2, 3])


def test_scores_on_an_edge_are_in_the_bin_that_begins_there() -> None:
    edges = np.arange(51) / 50
    verified, rejected = similarity_bins(np.append(edges, -0.2), 0.8)
    assert verified == [0] * 40 + [1] * 9 + [2]
    assert rejected == [2] + [1] * 39 + [0] * 10


def test_every_field_of_the_page_is_shown() -> None:
    """A field whose change leaves the page as it is would be one that nobody draws."""
    page, plain = near_page(), render_dedup(near_page())
    other = {
        str: "exact", int: 3, float: 0.5, type(None): None, list: [], tuple: (),
    }  # fmt: skip
    for field in fields(DedupPage):
        changed: dict[str, Any] = {field.name: other[type(getattr(page, field.name))]}
        if field.name in ("verified_bins", "rejected_bins"):
            changed = {"verified_bins": [], "rejected_bins": []}
        assert render_dedup(replace(page, **changed)) != plain, field.name


def test_real_pairs_make_a_page(shared_data: Path) -> None:
    html = render_dedup(real_page(shared_data / "gold-near-dup" / "powershell-versions"))
    assert html.count('<details class="pair"') == 10
    assert html.count("<del>") > 20
    assert len(html) < 300_000
