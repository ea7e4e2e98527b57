"""All answers of the published filters at once: shared work changes nothing, and no bytes are beyond them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.arrow import utf8_views
from assay.kernels.filter_lines import SENTENCE_MARKS
from assay.kernels.published import C4, FINEWEB, QUALITY, REPETITION, published
from assay.kernels.runs import DATATROVE, DCLM, DOLMA, kept_runs
from assay.kernels.words import character_classes
from assay.signals.base import SIGNALS, run_together

_PIECES = (
    "the cat sat on a mat ", "don't ", "(e.g. this)", "one, two. ", "\n", "\n\n", "\r\n", "\u2028", "...", ". . .",
    "[3]", "{", "Lorem Ipsum ", "javascript", "use cookies", " ", "        ", "\t", "\x0b", "\u3000", "\u00e9t\u00e9 ",
    "\u4f60\u597d", "https://a.b/c?d=e", "x" * 1001, "#", "\u2026", "1,000",
)  # fmt: skip
texts = st.lists(st.sampled_from(_PIECES) | st.text(max_size=3), max_size=30).map("".join)
VARIANTS = pytest.mark.parametrize(
    ("variant", "wanted"),
    [
        (DATATROVE, REPETITION + QUALITY + FINEWEB + C4),
        (DOLMA, REPETITION + QUALITY + C4),
        (DCLM, REPETITION + QUALITY + C4),
    ],
    ids=["datatrove", "dolma", "dclm"],
)


def run(values: list[str | None], variant: int, wanted: int) -> list[Any]:
    rows = utf8_views(pa.array(values, pa.large_string()))
    return [answer.tolist() for answer in published(*rows, character_classes(), variant, wanted, kept_runs())]


@VARIANTS
@given(values=st.lists(texts, max_size=4))
def test_an_answer_depends_on_its_text_alone(variant: int, wanted: int, values: list[str]) -> None:
    """Not on the other texts (whose words are kept), nor on what else is asked."""
    together = run(list(values), variant, wanted)
    for bit, part in zip((REPETITION, QUALITY, FINEWEB, C4), range(4), strict=True):
        if wanted & bit:
            one_by_one = [run([value], variant, bit)[part][0] for value in values]
            assert repr(one_by_one) == repr(together[part])  # NaN is equal to NaN here


@VARIANTS
@given(values=st.lists(st.binary(max_size=60) | texts.map(lambda t: t.encode()[1:-1]), max_size=4))
def test_bytes_that_are_no_utf8_give_numbers(variant: int, wanted: int, values: list[bytes]) -> None:
    offsets = np.cumsum([0, *map(len, values)]).astype(np.int64)
    offsets.flags.writeable = False  # as utf8_views has it: to Numba another type, and a kernel to compile
    data = np.frombuffer(b"".join(values), np.uint8)
    answers = published(offsets, data, character_classes(), variant, wanted, kept_runs())
    for answer in answers:
        assert not np.isinf(answer).any()
        assert not (answer < 0).any()


@VARIANTS
def test_no_text_has_no_answer_and_an_empty_one_no_words(variant: int, wanted: int) -> None:
    repeated, shape, fineweb, c4 = map(np.array, run(["", None], variant, wanted))
    assert np.isnan(repeated).all()
    assert shape[:, [0, 7]].tolist() == [[0, 0], [0, 0]]
    assert np.isnan(fineweb).all()
    assert c4.tolist() == [[0, 0, 0, 1, 1, 1] if variant == DOLMA else [0] * 6] * 2  # dolma: one empty line
    assert [len(answer) for answer in run([], variant, wanted)] == [0, 0, 0, 0]


def test_the_sentence_marks_are_those_of_unicode() -> None:
    assert len(SENTENCE_MARKS) == 159
    assert (np.diff(SENTENCE_MARKS) > 0).all()
    assert {ord(c) for c in ".!?\u3002\u061f\u0964"} <= set(SENTENCE_MARKS.tolist())
    assert not {ord(c) for c in "\"'\u2026:;"} & set(SENTENCE_MARKS.tolist())


def test_signals_measured_together_are_those_measured_alone() -> None:
    names = ["c4_lines", "char_count", "gopher_quality_dclm", "gopher_repetition_datatrove", "gopher_quality_datatrove"]
    rows = pa.table({"text": pa.array(["One two. One two.\nOne two three.", None, "", "{ a b"], pa.large_string())})
    signals = [SIGNALS.get(name) for name in names]
    found = run_together(signals, rows, "document")
    assert list(found) == names
    for signal in signals:
        assert found[signal.name].equals(signal.run(rows, "document"))


def test_runs_that_were_written_over_are_cut_again() -> None:
    """The table of runs holds so many words: 400,000 of other runs lie between the first and the second time."""
    first = "a(b)c[d]e " * 3 + "p(q)r[s]t. U(v)w/x;y."
    crowd = " ".join(f"{i}(a)b[c]" for i in range(90_000))
    kept = kept_runs()
    rows = utf8_views(pa.array([first, crowd, first], pa.large_string()))
    found = [answer.tolist() for answer in published(*rows, character_classes(), DATATROVE, 15, kept)]
    alone = run([first], DATATROVE, 15)
    for answer, fresh in zip(found, alone, strict=True):
        assert repr(answer[2]) == repr(answer[0]) == repr(fresh[0])


@pytest.mark.slow
def test_a_text_of_200_megabytes_is_a_text() -> None:
    line = "One two three four, and \u00e9 is five.\n"
    size = 200_000_000 // len(line.encode())
    text = pa.array([line * size], pa.large_string())
    for variant, wanted in ((DATATROVE, 15), (DOLMA, 11), (DCLM, 11)):
        repeated, shape, fineweb, c4 = published(*utf8_views(text), character_classes(), variant, wanted, kept_runs())
        assert repeated[0, 0] > 0.99
        assert repeated[0, 12] > 0.7  # the spaces belong to no word
        assert shape[0, 0] == 8 * size
        if variant == DATATROVE:
            assert fineweb[0, 0] == 1
            assert c4[0, 1] == size


BOUNDS = """
import numpy as np, pyarrow as pa
from assay.core.arrow import utf8_views
from assay.kernels.published import published
from assay.kernels.runs import kept_runs
from assay.kernels.words import character_classes
rng = np.random.default_rng(0)
pieces = %r
rows = ["".join(rng.choice(pieces, rng.integers(0, 30))).encode() for _ in range(200)]
rows += [bytes(rng.integers(0, 256, rng.integers(0, 40), dtype=np.uint8)) for _ in range(300)]
table = character_classes()
for variant, wanted in ((0, 15), (1, 11), (2, 11)):
    for some in [rows, *([row] for row in rows)]:
        data = np.frombuffer(b"".join(some), np.uint8)
        published(np.cumsum([0, *map(len, some)]), data, table, variant, wanted, kept_runs())
try:
    published(np.array([0, 5]), np.frombuffer(b"a", np.uint8), table, 0, 15, kept_runs())
except IndexError:
    print("checked")
"""


@pytest.mark.slow
def test_nothing_reads_beyond_its_buffers(tmp_path: Path) -> None:
    script = tmp_path / "bounds.py"
    script.write_text(BOUNDS % [*_PIECES, *"aZ0 .,'#-*\u00e9\u2019\u2022\u0301\x85\U0001f600"], "utf-8")
    # The cache holds kernels without checks: this run keeps its own.
    env = {**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, str(script)], env=env, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "checked", "bounds checks were off"
