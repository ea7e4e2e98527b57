"""What is measured of near-duplicates, for tests and for the benchmark: planted edits, templates, pages by title."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from assay.dedup.near import NearParams
from tests.dedup import near_oracle as oracle
from tests.dedup.frames import FRAMES, Frame, filled
from tests.dedup.planted import (
    UNCHANGED,
    WAYS,
    Planted,
    Recall,
    Way,
    all_pairs,
    behind,
    cased,
    detect,
    marked,
    planted,
    prose,
    recall_of,
    wrapped,
)


def by_way(made: Planted, params: NearParams) -> tuple[Recall, list[dict[str, Any]]]:
    """Recall over all pairs, and for each way of editing: how similar to the original, how many are near it and found.

    near: reach the threshold by Python sets; found: of all copies, in the original's cluster; told: thought to hold
    other values than their keeper.
    """
    truth = all_pairs(made.texts, params.threshold)
    copies = detect(made.texts, params, numbers_matter=False)
    rows: dict[str, Counter[str]] = {}
    for i, (first, way) in enumerate(zip(made.origin, made.way, strict=True)):
        if way:
            row = rows.setdefault(way, Counter())
            row["records"] += 1
            row["similarity"] += oracle.jaccard(oracle.shingles(made.texts[i]), oracle.shingles(made.texts[first]))
            row["near"] += (first, i) in truth
            row["found"] += copies.keeper[i] == copies.keeper[first]
            row["told"] += copies.values[i] > 0
    table = [
        {"way": way, **{k: int(v) for k, v in row.items()}, "similarity": round(row["similarity"] / row["records"], 3)}
        for way, row in rows.items()
    ]
    return recall_of(copies, truth, params), table


def random_originals(many: int, seed: int = 0) -> list[list[str]]:
    draw = random.Random(seed)
    return [prose(draw, draw.randint(120, 400)) for _ in range(many)]


def real_originals(texts: Iterable[str], many: int, seed: int = 0) -> list[list[str]]:
    """Documents of 100 to 800 words, no two with one title, by lot."""
    chosen = [words for text in texts if 100 <= len(words := text.split()) <= 800]
    return random.Random(seed).sample(chosen, many)


def slipped(frame: Frame, seed: int) -> Way:
    """One word of the frame is misspelt: none of those that records of the frame differ in."""
    fixed = set.intersection(*(set(text.split()) for text in filled(frame, 8, seed + 1000)))

    def made(words: list[str], draw: random.Random) -> str:
        places = [i for i, word in enumerate(words) if word in fixed and word.isalpha() and len(word) > 4]
        at = draw.choice(places)
        return " ".join([*words[:at], words[at][:2] + words[at][3] + words[at][2] + words[at][4:], *words[at + 1 :]])

    return made


def of_frame(frame: Frame, records: int, seeds: int) -> dict[str, Any]:
    """Distinct records of one frame with true copies of some of them beside: what the preset drops of both.

    near: distinct records that reach the threshold of a copy of another one, so that only values can save them.
    copies: those that reach it with what they are copies of.
    """
    out: Counter[str] = Counter()
    for seed in range(seeds):
        own = filled(frame, records, seed)
        ways = {"wrapped": wrapped, "cased": cased, "marked": marked, "behind": behind, "slip": slipped(frame, seed)}
        made = planted([text.split(" ") for text in own[: max(2, len(own) // 4)]], seed, ways)
        copies = [
            text
            for text, way, first in zip(made.texts, made.way, made.origin, strict=True)
            if way and oracle.jaccard(oracle.shingles(text), oracle.shingles(made.texts[first])) >= 0.8
        ]
        alone = detect(own, numbers_matter=frame.numbers)
        alone_near = alone.keeper != np.arange(len(own))
        out["records"] += len(own)
        out["near"] += int(alone_near.sum())
        out["dropped"] += int((alone_near & (alone.values == 0)).sum())
        found = detect(own + copies, numbers_matter=frame.numbers)
        gone = (found.keeper != np.arange(len(own) + len(copies))) & (found.values == 0)
        out["dropped_beside_copies"] += int(gone[: len(own)].sum())
        out["copies"] += len(copies)
        out["copies_dropped"] += int(gone[len(own) :].sum())
    return {"frame": frame.name, "size": records, **{k: int(v) for k, v in out.items()}}


def templates(sizes: Sequence[int] = (2, 3, 5, 20, 500), most: int = 100) -> list[dict[str, Any]]:
    return [of_frame(frame, size, max(1, most // size)) for frame in FRAMES for size in sizes]


_TITLE = re.compile(r"^title: *(.+?) *$", re.MULTILINE)


def by_title(texts: Sequence[str], threshold: float = 0.8) -> dict[str, Any]:
    """Pages of manuals say in front what they are about: copies that have the keeper's title, and those that do not."""
    titles = [match.group(1).casefold() if (match := _TITLE.search(text[:6000])) else None for text in texts]
    found = detect(texts, NearParams(threshold=threshold), numbers_matter=False)
    out: Counter[str] = Counter()
    for row, kept in enumerate(found.keeper.tolist()):
        if row != kept and found.similarity[row] < 1 and titles[row] is not None and titles[kept] is not None:
            same = "same_title" if titles[row] == titles[kept] else "other_title"
            out[same] += 1
            out[f"{same}_kept"] += found.values[row] > 0
    return {"texts": len(texts), "threshold": threshold, **{k: int(v) for k, v in sorted(out.items())}}


def english(shared: Path) -> list[str]:
    import io
    import json

    import zstandard

    with (shared / "perf" / "english_docs.jsonl.zst").open("rb") as file:
        lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), encoding="utf-8")
        return [json.loads(line)["text"] for line in lines]


__all__ = [
    "UNCHANGED",
    "WAYS",
    "by_title",
    "by_way",
    "english",
    "of_frame",
    "random_originals",
    "real_originals",
    "templates",
]
