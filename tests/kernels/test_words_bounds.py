"""No word kernel reads or writes beyond its buffers: all of them over drawn texts, with bounds checks on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import random
import numpy as np
import pyarrow as pa
from assay.core.arrow import utf8_views
from assay.kernels.joined_lines import joined_lines
from assay.kernels.sentences import marked_runs, peeled_sentences, plain_sentences
from assay.kernels.words import LETTERS, PEELED, SPACES, character_classes, word_places

table, pieces = character_classes(), %r
draw = random.Random(7)
rows = ["", *pieces]
rows += ["".join(draw.choices(pieces, k=draw.randrange(1, 14))) for _ in range(1500)]
for value in [pa.array(rows, pa.large_string()), *(pa.array([row], pa.large_string()) for row in rows)]:
    offsets, data = utf8_views(value)
    data = data[: offsets[-1]].copy()
    for rule in (SPACES, PEELED, LETTERS):
        word_places(offsets, data, table, rule)
    joined_lines(offsets, data)
    peeled_sentences(data, 0, len(data), table, np.empty((1, 2), np.int64), marked_runs())
    plain_sentences(data, 0, len(data))
try:
    word_places(np.array([0, 5]), np.zeros(1, np.uint8), table, PEELED)
except IndexError:
    print("checked")
"""
PIECES = (
    "a", "Z", "0", ".", "..", ",", "'", "\u2019s", "n't", "s", "-", "--", "\u2014", "/", ":", "//", "@", "=",
    "[", ")", ":)", "Mr.", "id", "km", "%", "+", "US$", "\u20ac", "\u00b0", "C", "a.b", ".com", "\u2026",
    "\u4f60", "\u30ab", "\u0301", "\U0001f600", " ", "  ", "\n", "\t", "\u3000", "lorem ipsum", "[1", "]",
    "_", "#",
)  # fmt: skip


@pytest.mark.slow
def test_nothing_reads_beyond_its_buffers(tmp_path: Path) -> None:
    script = tmp_path / "bounds.py"
    script.write_text(SCRIPT % (PIECES,), "utf-8")
    env = {**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, str(script)], env=env, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "checked", "bounds checks were off"
