"""Line statistics of FineWeb and C4, against Python that is slow and obvious."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from pathlib import Path
from statistics import mean

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.arrow import utf8_views
from assay.kernels.endings import TERMINAL
from assay.kernels.filter_lines import c4_lines, fineweb_lines, phrases
from assay.kernels.words import PEELED, character_classes
from tests.kernels.test_words import words

_PIECES = (
    "One two three. ", "Is it so? ", "it was e.g. this one. ", "Lorem Ipsum ", "JavaScript ", "{",
    "Terms of Use ",
    "[12]", "[]", "[edit]", "[citation needed]", "[x]", "...", ".", "'", '"', "\n", "\n", "\n\n", "\r",
    "\u2028", " ", "word ",
    "w" * 1001, "\u00e9t\u00e9 ", "\u3002", "use cookies", "a longer piece of thirty characters ",
)  # fmt: skip
texts = st.lists(st.sampled_from(_PIECES) | st.text(max_size=3), max_size=30).map("".join)
POLICY = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")


def views(values: list[str | None]) -> tuple[np.ndarray, np.ndarray]:
    return utf8_views(pa.array(values, pa.large_string()))


def ascii_lower(text: str) -> str:
    return "".join(c.lower() if c.isascii() else c for c in text)


def slow_fineweb(text: str) -> list[float]:
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return [math.nan] * 4
    again = sum(len(line) for i, line in enumerate(lines) if line in lines[:i])
    found = words([text], PEELED)[0]
    return [
        mean(ord(line[-1]) in TERMINAL for line in lines),
        mean(len(line) <= 30 for line in lines),
        again / len(text.replace("\n", "")),
        text.count("\n") / len(found),
    ]


def slow_sentences(line: str) -> int:
    ends = re.finditer(r"""[.!?][]'".)!?]*\s+(?=\S)""", line)
    return 1 + sum(not re.search(r"(^|[. ])[A-Za-z]\.$", line[: e.start() + 1]) or e[0].strip() != "." for e in ends)


def slow_c4(text: str, *, end_marks: bool) -> list[int]:
    sentences = kept = 0
    for raw in text.splitlines():
        line = raw.strip()
        found = line.split()
        if any(len(word) > 1000 for word in found):
            continue
        line = re.sub(r"\[[0-9]*\]|\[edit\]|\[citation needed\]", "", line)
        if end_marks and (not line.endswith((".", "?", "!", '"', "'")) or line.endswith("...")):
            continue
        if len(found) < 3:
            continue
        lower = ascii_lower(line)
        if "lorem ipsum" in lower:
            return [sentences, kept, 1]
        if "javascript" in lower:
            continue
        if "{" in line:
            return [sentences, kept, 2]
        if any(said in lower for said in POLICY):
            continue
        sentences += slow_sentences(line)
        kept += 1
    return [sentences, kept, 0]


@given(st.lists(texts, max_size=3))
def test_fineweb_lines_agree_with_python(values: list[str]) -> None:
    got = fineweb_lines(*views(list(values)), character_classes(), TERMINAL)
    np.testing.assert_allclose(got, np.array([slow_fineweb(value) for value in values]).reshape(-1, 4), rtol=1e-12)


@given(st.lists(texts, max_size=3))
def test_c4_lines_agree_with_python(values: list[str]) -> None:
    got = c4_lines(*views(list(values)), *phrases()).tolist()
    assert got == [slow_c4(value, end_marks=True) + slow_c4(value, end_marks=False) for value in values]


def test_nothing_to_measure() -> None:
    rows = views(["", None, " \n"])
    assert np.isnan(fineweb_lines(*rows, character_classes(), TERMINAL)).all()
    assert not c4_lines(*rows, *phrases()).any()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("One two three. Four five.", [2, 1, 0, 2, 1, 0], id="two sentences in one line"),
        pytest.param("One two three", [0, 0, 0, 1, 1, 0], id="no end mark"),
        pytest.param("See it, e.g. here.", [1, 1, 0, 1, 1, 0], id="an abbreviation ends nothing"),
        pytest.param("a b {\nOne two three.", [1, 1, 0, 0, 0, 2], id="a dropped line ends no page"),
        pytest.param("One two three.[4]", [1, 1, 0, 1, 1, 0], id="a citation goes before the end mark is looked for"),
    ],
)
def test_c4_by_example(text: str, expected: list[int]) -> None:
    assert c4_lines(*views([text]), *phrases())[0].tolist() == expected


BOUNDS = """
import numpy as np, pyarrow as pa
from assay.core.arrow import utf8_views
from assay.kernels.endings import TERMINAL
from assay.kernels.filter_lines import c4_lines, fineweb_lines, phrases
from assay.kernels.shape import text_shape
from assay.kernels.words import character_classes
rng = np.random.default_rng(0)
pieces = %r
rows = ["".join(rng.choice(pieces, rng.integers(0, 12))) for _ in range(300)]
table = character_classes()
for value in [pa.array(rows, pa.large_string()), *(pa.array([row], pa.large_string()) for row in rows)]:
    offsets, data = utf8_views(value)
    data = data[: offsets[-1]].copy()
    fineweb_lines(offsets, data, table, TERMINAL)
    c4_lines(offsets, data, *phrases())
    for variant in range(3):
        text_shape(offsets, data, table, variant)
try:
    text_shape(np.array([0, 5]), np.zeros(1, np.uint8), table, 0)
except IndexError:
    print("checked")
"""


def test_nothing_reads_beyond_its_buffers(tmp_path: Path) -> None:
    script = tmp_path / "bounds.py"
    script.write_text(BOUNDS % [*_PIECES, *"aZ0 .,'#-*\u00e9\u2019\u2026\u2022\u0301\x85\U0001f600"], "utf-8")
    env = {**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, str(script)], env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "checked", "bounds checks were off"
