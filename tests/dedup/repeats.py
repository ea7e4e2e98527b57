"""Slow and obvious: every run of N words of every text in one dictionary; and texts whose words are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from assay.dedup.substring import Found, Keys, Repeats, Stretches, candidates, fingerprints, parts, repeated, spans
from assay.kernels.winnowing import END, HOLDERS, KIND, ROW, START
from assay.records.schema import TEXT


@dataclass(frozen=True)
class Word:
    """What it is compared as, and where it stands, in bytes."""

    folded: str
    start: int
    end: int


@dataclass(frozen=True)
class Known:
    """A text with its words."""

    text: str
    words: tuple[Word, ...]


# Spelled so, compared so. The last two may stand without a space before what follows.
SPELLINGS = (("a", "a"), ("A", "a"), ("b", "b"), ("Ä", "a"), ("a\u0308", "a"), ("12", "12"), ("日", "日"), ("本", "本"))
ALONE = "日本"
GAPS = (" ", ", ", "\n", " - ")


def known(choices: Sequence[tuple[int, int]], before: str = "") -> Known:
    """From (spelling, gap) pairs."""
    text, words = before, []
    for spelling, gap in choices:
        written, folded = SPELLINGS[spelling]
        start = len(text.encode())
        text += written
        words.append(Word(folded, start, len(text.encode())))
        text += "" if written in ALONE and gap == 0 else GAPS[gap]
    return Known(text, tuple(words))


@st.composite
def texts(draw: st.DrawFn) -> Known:
    """Of few words, so that they repeat, overlap and nest; or empty; or of marks only."""
    one = st.tuples(st.integers(0, len(SPELLINGS) - 1) | st.just(0), st.integers(0, len(GAPS) - 1))
    return known(draw(st.lists(one, max_size=24)), draw(st.sampled_from(["", "", "... "])))


def oracle(documents: Sequence[Sequence[Word]], size: int) -> list[dict[str, Any]]:
    """Of each document, in the order of who is first: spans (start, end, records), and bytes to cut of both kinds."""
    holders: dict[tuple[str, ...], set[int]] = {}
    for number, words in enumerate(documents):
        for i in range(len(words) - size + 1):
            holders.setdefault(tuple(w.folded for w in words[i : i + size]), set()).add(number)
    out = []
    for number, words in enumerate(documents):
        hits = {}
        for i in range(len(words) - size + 1):
            found = holders[tuple(w.folded for w in words[i : i + size])]
            if len(found) > 1:
                hits[i] = (len(found), min(found) != number)
        runs: list[list[int]] = []
        for i in sorted(hits):
            if runs and runs[-1][-1] == i - 1:
                runs[-1].append(i)
            else:
                runs.append([i])
        found_spans = [
            (words[run[0]].start, words[run[-1] + size - 1].end, max(hits[i][0] for i in run)) for run in runs
        ]
        covered = {i + k for i in hits for k in range(size)}
        elsewhere = {i + k for i, (_, other) in hits.items() if other for k in range(size)}
        out.append(
            {
                "spans": found_spans,
                "any": cuts(words, covered),
                "elsewhere": cuts(words, elsewhere),
                "covered": len(covered),
                "covered_elsewhere": len(elsewhere),
            }
        )
    return out


def cuts(words: Sequence[Word], covered: set[int]) -> list[tuple[int, int]]:
    out: list[list[int]] = []
    for i in sorted(covered):
        if out and out[-1][1] == i - 1:
            out[-1][1] = i
        else:
            out.append([i, i])
    return [(words[a].start, words[b].end) for a, b in out]


def search(layout: Sequence[Sequence[tuple[int, str | None]]], size: int, partitions: int = 4) -> dict[int, Any]:
    """What the three looks find, by rank. layout: fragments of (rank, text), in any order."""
    stretches = Stretches(size)
    pieces = [
        (pa.array([text for _, text in part], TEXT), np.array([rank for rank, _ in part], np.uint32)) for part in layout
    ]
    total = sum(len(part) for part in layout)

    def shuffle(dealt: list[Any]) -> tuple[list[Any], np.ndarray]:
        mine = [parts([hashes], [ranks], partitions) for hashes, ranks in dealt]
        gathered = [repeated(p, [part[p] for part in mine]) for p in range(partitions)]
        chosen = np.zeros(total, np.bool_)
        chosen[np.concatenate([one[2] for one in gathered])] = True
        return gathered, chosen

    first = [fingerprints(text, ranks, stretches) for text, ranks in pieces]
    gathered, chosen = shuffle([(hashes, ranks) for _, hashes, ranks in first])
    keys = Keys.of(np.concatenate([one[0] for one in gathered]))
    gathered, chosen = shuffle([candidates(text, ranks, chosen[ranks], stretches, keys) for text, ranks in pieces])
    repeats = Repeats(
        Keys.of(np.concatenate([one[0] for one in gathered])), np.concatenate([one[1] for one in gathered])
    )
    out = {}
    for (text, ranks), (words, _, _) in zip(pieces, first, strict=True):
        found = spans(text, ranks, chosen[ranks], stretches, keys, repeats)
        for row, rank in enumerate(ranks.tolist()):
            out[rank] = {"words": int(words[row]), **_of_row(found, row)}
    return out


def _of_row(found: Found, row: int) -> dict[str, Any]:
    mine = found.spans[found.spans[:, ROW] == row]
    cut = found.cuts[found.cuts[:, ROW] == row]
    return {
        "spans": [tuple(int(v) for v in span) for span in mine[:, [START, END, HOLDERS]]],
        "any": [(int(a), int(b)) for a, b in cut[cut[:, KIND] == 0][:, [START, END]]],
        "elsewhere": [(int(a), int(b)) for a, b in cut[cut[:, KIND] == 1][:, [START, END]]],
        "covered": int(found.covered[row, 0]),
        "covered_elsewhere": int(found.covered[row, 1]),
    }
