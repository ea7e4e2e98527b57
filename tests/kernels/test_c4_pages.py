"""C4's rules as dolma and DCLM count them, against Python that is slow and obvious."""

from __future__ import annotations

import re

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from assay.core.arrow import utf8_views
from assay.kernels.published import C4, published
from assay.kernels.runs import DCLM, DOLMA, kept_runs
from assay.kernels.words import character_classes

_PIECES = (
    "One two three four five. ", "Is it so? ", "Lorem Ipsum ", "JavaScript ", "{", "Terms of Use ", "[12]", "[]",
    "[edit]", "[citation needed]", "[x]", "...", ".", "!", '"', "'", "\n", "\n", "\n\n", "\r", " ", "\u2026",
    "w" * 1001,
    "\u3000", "\u00e9t\u00e9 \u0130\u212a ",
    "use cookies",
)  # fmt: skip
texts = st.lists(st.sampled_from(_PIECES) | st.text(max_size=3), max_size=30).map("".join)
POLICY = "terms of use|privacy policy|cookie policy|uses cookies|use of cookies|use cookies"


def slow_dolma(text: str) -> list[int]:
    lower = text.lower()
    lines = text.split("\n")
    return [
        "{" in lower,
        "lorem ipsum" in lower,
        "javascript" in lower,
        len(lines),
        sum(not line.strip().endswith((".", "?", "!", '"')) for line in lines),
        sum(len(line.split()) < 3 for line in lines),
    ]


def slow_sentences(line: str) -> int:
    ends = re.finditer(r"""[.!?][]'".)!?]*\s+(?=\S)""", line)
    return 1 + sum(not re.search(r"(^|[. ])[A-Za-z]\.$", line[: e.start() + 1]) or e[0].strip() != "." for e in ends)


def slow_dclm(text: str) -> list[int]:
    """Step by step over the page, as its configuration lists them."""
    lines = [line for line in text.split("\n") if all(len(word) <= 1000 for word in line.split())]
    lines = [re.sub(r"\[[0-9]*\]|\[edit\]|\[citation needed\]", "", line) for line in lines]
    lines = [line for line in lines if line.rstrip().endswith((".", "!", "?", '"'))]
    lines = [line for line in lines if not line.rstrip().endswith("...") and len(line.split()) >= 5]
    filler = "lorem ipsum" in "\n".join(lines).lower()
    lines = [line for line in lines if not re.search("javascript", line, re.I | re.A)]
    curly = "{" in "\n".join(lines)
    lines = [line.rstrip() for line in lines if not re.search(POLICY, line, re.I | re.A)]
    return [len(text), filler, curly, len(lines), sum(map(slow_sentences, lines))]


@given(st.lists(texts, max_size=3))
def test_dolma_agrees_with_python(values: list[str]) -> None:
    rows = utf8_views(pa.array(values, pa.large_string()))
    found = published(*rows, character_classes(), DOLMA, C4, kept_runs())[3]
    assert found.tolist() == [slow_dolma(value) for value in values]


@given(st.lists(texts, max_size=3))
def test_dclm_agrees_with_python(values: list[str]) -> None:
    rows = utf8_views(pa.array(values, pa.large_string()))
    found = published(*rows, character_classes(), DCLM, C4, kept_runs())[3]
    assert found[:, :5].tolist() == [slow_dclm(value) for value in values]
