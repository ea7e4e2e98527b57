"""No kernel of near-duplicates reads or writes beyond its buffers: all of them over drawn texts, with bounds checks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernels.test_shingles import PIECES

SCRIPT = """
import random
import numpy as np
import pyarrow as pa
from assay.core.arrow import utf8_views
from assay.dedup.exact import digest_parts
from assay.dedup.in_memory import near_copies
from assay.dedup.near import NearParams
from assay.kernels.fold_table import fold_table
from assay.kernels.minhash import permutations, rows_as_words, sign_rows, word_digests
from assay.kernels.star_clusters import jaccard
from tests.dedup.frames import FRAMES, filled
from tests.dedup.planted import planted, prose

table, pieces = fold_table(), %r
draw = random.Random(7)
rows = ["", *pieces]
rows += ["".join(draw.choices(pieces, k=draw.randrange(1, 60))) for _ in range(800)]
rows += ["ﷺ" * 40, "㍿" * 40, "½" * 30, "a" * 3000]
factors, addends = permutations(12, 1)
for some in [rows, *([row] for row in rows[:200] + rows[-4:])]:
    value = pa.array(some, pa.large_string())
    offsets, data = utf8_views(value)
    data = data[: offsets[-1]].copy()
    for mode in (0, 1, 2):
        for size in (1, 5, 9):
            sign_rows(offsets, data, table, mode, size, factors, addends, 3)
            rows_as_words(offsets, data, np.arange(len(value)), table, mode, size)
    word_digests(offsets, data, table)
texts = rows + planted([prose(draw, n) for n in (3, 8, 40, 90)], 1).texts
for frame in FRAMES:
    texts += filled(frame, 7, 0) + filled(frame, 3, 1)
    texts += [text.replace("e", "E") + " more" for text in texts[-3:]]
ids = pa.array([f"r{i:%s}" for i in range(len(texts))], pa.large_string())
for threshold in (0.3, 0.8):
    for numbers in (True, False):
        near_copies(pa.array(texts, pa.large_string()), ids, NearParams(threshold=threshold), numbers_matter=numbers)
try:
    jaccard(np.zeros(1, np.uint64), 0, 3, 1, 2)
except IndexError:
    print("checked")
"""


@pytest.mark.slow
def test_nothing_reads_beyond_its_buffers(tmp_path: Path) -> None:
    script = tmp_path / "bounds.py"
    script.write_text(SCRIPT % (PIECES, "06d"), "utf-8")
    root = str(Path(__file__).resolve().parents[2])
    env = {
        **os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": root,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(script)], env=env, capture_output=True, text=True, timeout=500, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "checked", "bounds checks were off"
