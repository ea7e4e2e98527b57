"""Every kernel against an oracle that is slow and obvious, and once under bounds checks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.arrow import utf8_views
from assay.kernels.characters import CP1252_HIGH, broken_characters
from assay.kernels.counts import text_counts
from assay.kernels.endings import CLOSING, TERMINAL, text_endings
from assay.kernels.folding import folded_digests
from assay.kernels.tokens import estimate_tokens

ALPHABET = (
    "aZ09 .,!?)'\"\n\t\r\x0b\x00\x1c\u0085\u00a0\u2003\u3000\u1680\u205f#-`~|{\\/:"
    "\u00e9\u00c3\u00a9\u00e2\u20ac\u2122\u00df\u201c\ufffd\u4f60\u3002\u0301\u0416\U0001f600"
)
texts = st.lists(st.text(alphabet=ALPHABET, max_size=30) | st.text(max_size=8), max_size=5)


def run(kernel: Callable[..., Any], values: list[str], *more: Any) -> Any:
    return kernel(*utf8_views(pa.array(values, pa.large_string())), *more)


def slow_counts(text: str) -> list[int]:
    return [len(text), len(text.split()), len(text.split("\n")) - text.endswith("\n") if text else 0]


def slow_broken(text: str) -> list[int]:
    """Try at every place whether the next 2 to 4 characters are one character read as Windows-1252 or Latin-1."""
    high = {bytes([b]).decode("cp1252", "ignore") or chr(b): b for b in range(0x80, 0xA0)} | {
        chr(b): b for b in range(0x80, 0xC0)
    }
    singles, doubles = (
        "\u00c2\u00c3\u00c4\u00c5\u00ce\u00cf\u00d0\u00d1\u00d7\u00d8\u00d9",
        "\u00e0\u00e2\u00e3\u00e4\u00e5\u00e6\u00e7\u00e8\u00e9\u00ef",
    )
    broken, i = 0, 0
    while i < len(text):
        wanted = 1 if text[i] in singles else 2 if text[i] in doubles else 3 if text[i] == "\u00f0" else 0
        tail = text[i + 1 : i + 1 + wanted]
        whole = wanted and len(tail) == wanted and all(c in high for c in tail)
        if whole and not (wanted > 1 and "\u00a0" in tail):
            broken += wanted + 1
        i += wanted + 1 if whole else 1
    control = sum((ord(c) < 32 and c not in "\t\n\r\f") or c == "\x7f" for c in text)
    return [len(text), broken, text.count("\ufffd"), control]


def slow_folded(text: str) -> bytes:
    return re.sub(rb"[^a-z0-9\x80-\xff]+", b" ", text.encode().lower()).strip()


@given(texts)
def test_counts_agree_with_python(values: list[str]) -> None:
    assert run(text_counts, values).tolist() == [slow_counts(value) for value in values]


@given(texts)
def test_broken_characters_agree_with_a_search_from_every_place(values: list[str]) -> None:
    assert run(broken_characters, values, CP1252_HIGH).tolist() == [slow_broken(value) for value in values]


@given(texts)
def test_folded_digests_are_equal_exactly_where_folded_texts_are(values: list[str]) -> None:
    digests, some = run(folded_digests, values)
    slow = [slow_folded(value) for value in values]
    assert some.tolist() == [bool(value) for value in slow]
    for i, left in enumerate(slow):
        for j, right in enumerate(slow):
            assert bool((digests[i] == digests[j]).all()) == (left == right)


@given(texts)
def test_endings_count_words_fences_and_know_the_last_character(values: list[str]) -> None:
    got = run(text_endings, values, TERMINAL, CLOSING)
    for value, row in zip(values, got.tolist(), strict=True):
        visible = value.split()
        unspaced = [
            c for c in value if 0x3040 <= ord(c) < 0xA000 or 0xF900 <= ord(c) < 0xFB00 or 0x20000 <= ord(c) < 0x30000
        ]
        if not unspaced:
            assert row[0] == len(visible)
        assert row[3] == (ord(visible[-1][-1]) if visible else 0)
        fences = [line for line in value.split("\n") if line.strip().startswith(("```", "~~~"))]
        assert row[2] == len(fences)


@given(texts)
def test_token_estimates_add_up_over_paragraphs(values: list[str]) -> None:
    one_by_one = [int(run(estimate_tokens, [value])[0]) for value in values]
    assert run(estimate_tokens, values).tolist() == one_by_one
    for count, value in zip(one_by_one, values, strict=True):
        assert (count == 0) == (value in ("", " ") or (all(alone == " " for alone in value) and len(value) < 2))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        pytest.param("", 0, id="nothing is no token"),
        pytest.param("the cat", 2, id="a space belongs to its word"),
        pytest.param("internationalisation", 4, id="a long word is several"),
        pytest.param("1234567", 3, id="digits go by threes"),
        pytest.param("a\n\nb", 3, id="a paragraph break is one"),
    ],
)
def test_token_estimate_by_example(text: str, tokens: int) -> None:
    assert run(estimate_tokens, [text]).tolist() == [tokens]


BOUNDS = """
import numpy as np, pyarrow as pa
from assay.core.arrow import utf8_views
from assay.kernels.characters import CP1252_HIGH, broken_characters
from assay.kernels.counts import text_counts
from assay.kernels.endings import CLOSING, TERMINAL, text_endings
from assay.kernels.folding import folded_digests
from assay.kernels.tokens import estimate_tokens
rng = np.random.default_rng(0)
alphabet = list(%r)
rows = ["".join(rng.choice(alphabet, rng.integers(0, 12))) for _ in range(400)]
whole = pa.array(rows, pa.large_string())
# Each row alone, on a buffer that ends where the row does: a read beyond it is an error here.
for value in [whole, *(pa.array([row], pa.large_string()) for row in rows)]:
    offsets, data = utf8_views(value)
    data = data[: offsets[-1]].copy()
    text_counts(offsets, data); broken_characters(offsets, data, CP1252_HIGH)
    text_endings(offsets, data, TERMINAL, CLOSING); folded_digests(offsets, data); estimate_tokens(offsets, data)
try:
    text_counts(np.array([0, 5]), np.zeros(1, np.uint8))
except IndexError:
    print("checked")
"""


def test_no_kernel_reads_beyond_its_buffers(tmp_path: Any) -> None:
    script = tmp_path / "bounds.py"
    script.write_text(BOUNDS % ALPHABET, "utf-8")
    # The cache holds kernels without checks: this run keeps its own.
    env = {**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, str(script)], env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "checked", "bounds checks were off"


def test_kernels_release_the_interpreter_lock_and_are_kept_on_disk() -> None:
    for kernel in (text_counts, broken_characters, text_endings, folded_digests, estimate_tokens):
        options = kernel.targetoptions  # type: ignore[attr-defined]
        assert options["nogil"]
        assert not options.get("parallel")
        assert not options.get("fastmath")


def test_an_empty_column_is_no_row() -> None:
    assert run(text_counts, []).shape == (0, 3)
    assert np.array_equal(run(estimate_tokens, []), np.zeros(0))
