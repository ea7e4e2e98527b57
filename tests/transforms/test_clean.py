"""The page cleaners against slow, obvious ones; what each change is called."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.records.schema import TEXT
from assay.text.c4 import LineRules, kept_text
from assay.transforms import TRANSFORMS

LINES = st.sampled_from(
    [
        "Three words here.",
        "no end mark on this",
        "two words.",
        "",
        "  padded line of words. ",
        "uses cookies, yes it does.",
        "Enable javascript to go on.",
        "lorem ipsum javascript dolor.",
        "if (a) { javascript }",
        "{ privacy policy here }",
        "Said [12] and then[edit].",
        "[citation needed] alone in front.",
        "it ends so...",
        "x" * 1001 + " is a long word.",
        'He said "so it is"',
        "“Ünïcödé” of [3] words!",
        "\x0bvertical tab and words.",
    ]
)
PAGES = st.lists(LINES | st.text(max_size=12), max_size=8).flatmap(
    lambda lines: st.lists(
        st.sampled_from(["\n", "\r\n", "\n\n", "\u2028"]), min_size=len(lines), max_size=len(lines)
    ).map(lambda breaks: "".join(a + b for a, b in zip(lines, breaks, strict=True)))
)
PHRASES = ["terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies"]


def as_datatrove(page: str, end_punctuation: bool) -> str:
    """The loop of C4QualityFilter.filter, but for pages that it drops: there the line stays."""
    kept = []
    for line in page.splitlines():
        line = line.strip()
        words = line.split()
        if any(len(word) > 1000 for word in words):
            continue
        line = re.sub(r"\[\d*]|\[edit]|\[citation needed]", "", line)
        if end_punctuation and (not line.endswith((".", "?", "!", '"', "'")) or line.endswith("...")):
            continue
        if len(words) < 3:
            continue
        lower = line.lower()
        if "lorem ipsum" in lower:
            kept.append(line)
            continue
        if "javascript" in lower:
            continue
        if "{" in line:
            kept.append(line)
            continue
        if any(phrase in lower for phrase in PHRASES):
            continue
        kept.append(line)
    return "\n".join(kept).strip()


@given(page=PAGES, end_punctuation=st.booleans())
def test_c4_leaves_the_lines_that_datatrove_leaves(page: str, end_punctuation: bool) -> None:
    column = pa.array([page], TEXT)
    new, _ = TRANSFORMS.get("c4_clean@datatrove").apply(column, {"end_punctuation": end_punctuation})
    assert new.to_pylist() == [as_datatrove(page, end_punctuation)]
    assert kept_text(page, LineRules(end_punctuation)) == as_datatrove(page, end_punctuation)


def test_every_change_says_why() -> None:
    page = "Menu\nThis line [1] is kept.\nwe use cookies on it.\nno end to this one\nAnd javascript is not here.\n"
    _, [changes] = TRANSFORMS.get("c4_clean@datatrove").apply(pa.array([page], TEXT))
    told = [change["what"].as_py() for change in changes]
    assert [what for what in told if what != "line_breaks"] == [
        "no_end_mark", "citation", "policy", "no_end_mark", "javascript"
    ]  # fmt: skip


def test_three_newlines_become_two() -> None:
    new, changes = TRANSFORMS.get("collapse_newlines").apply(pa.array(["a\n\n\n\nb\n\nc\n\n\nd"], TEXT))
    assert new.to_pylist() == ["a\n\nb\n\nc\n\nd"]
    assert len(changes[0]) == 2


@pytest.mark.parametrize(
    ("bad", "good", "what"),
    [
        ("The Mona Lisa doesnâ€™t have eyebrows.", "The Mona Lisa doesn’t have eyebrows.", "encoding"),
        ("schÃ¶n\nund gut", "schön\nund gut", "encoding"),
        ("a\x00b", "ab", "control_characters"),
        ("\x1b[31mred\x1b[0m", "red", "terminal_escapes"),
    ],
)
def test_repair_names_what_it_changed(bad: str, good: str, what: str) -> None:
    new, [changes] = TRANSFORMS.get("repair_encoding").apply(pa.array([bad], TEXT))
    assert new.to_pylist() == [good]
    assert {change["what"].as_py() for change in changes} == {what}


def test_repair_leaves_good_text_in_other_scripts_alone() -> None:
    texts = [
        "naïve café — “quoted” ‘so’",
        "日本語の文章です。",
        "Привет, мир",
        "&amp; ﬁ stay",
        "line\r\nbreaks\tstay",
        "🙂",
    ]
    new, changes = TRANSFORMS.get("repair_encoding").apply(pa.array(texts, TEXT))
    assert new.to_pylist() == texts
    assert changes.null_count == len(texts)
    new, _ = TRANSFORMS.get("repair_encoding").apply(
        pa.array(texts, TEXT), {"html_entities": True, "ligatures": True, "quotes": True}
    )
    assert new.to_pylist()[0] == "naïve café — \"quoted\" 'so'"
    assert new.to_pylist()[3] == "& fi stay"
