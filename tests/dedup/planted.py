"""Near-duplicates that are planted, and all pairs of a sample by sets of words: the truth that detection is held to."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pyarrow as pa

from assay.dedup.in_memory import NearCopies, near_copies
from assay.dedup.near import NearParams
from tests.dedup import near_oracle as oracle

Way = Callable[[list[str], random.Random], str]
ONSETS, VOWELS = ("b", "d", "f", "gr", "k", "l", "m", "n", "p", "r", "s", "st", "t", "tr", "v", "w"), "aeiou"


def vocabulary(words: int, seed: int = 0) -> list[str]:
    draw = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < words:
        found["".join(draw.choice(ONSETS) + draw.choice(VOWELS) for _ in range(draw.randint(1, 4)))] = None
    return list(found)


WORDS = vocabulary(8000)


def prose(draw: random.Random, words: int) -> list[str]:
    """Words of which few are frequent, as in a language."""
    return [WORDS[int(len(WORDS) * draw.random() ** 3)] for _ in range(words)]


def scattered(share: float) -> Way:
    """Each word is replaced, left out or doubled by another with this chance, on its own."""

    def edited(words: list[str], draw: random.Random) -> str:
        out = []
        for word in words:
            if draw.random() >= share:
                out.append(word)
            else:
                how = draw.randrange(4)
                out += [draw.choice(WORDS)] if how < 2 else ([] if how == 2 else [word, draw.choice(WORDS)])
        return " ".join(out)

    return edited


def in_one_place(share: float) -> Way:
    """One run of words is rewritten."""

    def edited(words: list[str], draw: random.Random) -> str:
        many = max(1, round(share * len(words)))
        at = draw.randrange(len(words) - many + 1)
        return " ".join([*words[:at], *prose(draw, many), *words[at + many :]])

    return edited


def wrapped(words: list[str], draw: random.Random) -> str:
    lines, line = [], ""
    for word in words:
        line = f"{line} {word}".strip()
        if len(line) > 30:
            lines.append("  " * draw.randrange(3) + line)
            line = ""
    return "\r\n".join([*lines, line])


def cased(words: list[str], draw: random.Random) -> str:
    return " ".join(draw.choice((str.upper, str.title, str.lower))(word) for word in words)


def marked(words: list[str], draw: random.Random) -> str:
    """With other punctuation and typographic letters."""
    ends = ("", "", ",", ".", " \u2014", "\u2026")
    return " ".join(word.replace("e", "\u00e9") + draw.choice(ends) for word in words)


def in_front(words: list[str], draw: random.Random) -> str:
    return "Home | Products | About us | Contact | Sign in\n\nSkip to main content. " + " ".join(words)


def behind(words: list[str], draw: random.Random) -> str:
    return " ".join(words) + "\n\nShare this page. Copyright 2024 Example Ltd. All rights reserved. Terms | Privacy"


WAYS: dict[str, Way] = {
    **{f"{round(100 * share)} % of words, scattered": scattered(share) for share in (0.01, 0.02, 0.05, 0.1, 0.2, 0.3)},
    **{f"{round(100 * share)} % of words, in one place": in_one_place(share) for share in (0.05, 0.1, 0.2, 0.3)},
    "boilerplate in front": in_front,
    "boilerplate behind": behind,
    "re-wrapped": wrapped,
    "case changed": cased,
    "punctuation and accents changed": marked,
}
UNCHANGED = ("re-wrapped", "case changed", "punctuation and accents changed")


@dataclass(frozen=True)
class Planted:
    """texts[i] is made of texts[origin[i]] in the way named by way[i]: '' for an original."""

    texts: list[str]
    origin: list[int]
    way: list[str]


def planted(originals: Sequence[list[str]], seed: int = 0, ways: dict[str, Way] | None = None) -> Planted:
    draw = random.Random(seed)
    texts, origin, way = [], [], []
    for words in originals:
        first = len(texts)
        texts.append(" ".join(words))
        origin.append(first)
        way.append("")
        for name, made in (ways or WAYS).items():
            texts.append(made(list(words), draw))
            origin.append(first)
            way.append(name)
    return Planted(texts, origin, way)


def all_pairs(texts: Sequence[str], threshold: float, size: int = 5) -> dict[tuple[int, int], float]:
    """Every pair that reaches the threshold, by counting the shingles that both hold: plain Python sets."""
    sets = [set(oracle.shingles(text, size)) for text in texts]
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for row, shingles in enumerate(sets):
        for one in shingles:
            holders[one].append(row)
    both: dict[tuple[int, int], int] = defaultdict(int)
    for rows in holders.values():
        for pair in combinations(rows, 2):
            both[pair] += 1
    found = {}
    for (i, j), shared in both.items():
        score = shared / (len(sets[i]) + len(sets[j]) - shared)
        if score >= threshold:
            found[i, j] = score
    return found


@dataclass(frozen=True)
class Recall:
    """joined_below: rows with a keeper that is not that close. pairs: those that reach the threshold; together: of
    them in one cluster; found: or compared and seen to be close. expected: the share that the bands should propose."""

    joined_below: int
    pairs: int
    found: float
    together: float
    expected: float


def detect(texts: Sequence[str], params: NearParams | None = None, **more: object) -> NearCopies:
    ids = [f"r{i:06d}" for i in range(len(texts))]
    return near_copies(pa.array(texts, pa.large_string()), pa.array(ids, pa.large_string()), params, **more)  # type: ignore[arg-type]


def recall_of(copies: NearCopies, truth: dict[tuple[int, int], float], params: NearParams) -> Recall:
    """`truth`: all_pairs at params.threshold."""
    keeper = copies.keeper.tolist()
    below = sum(1 for row, kept in enumerate(keeper) if row != kept and (min(row, kept), max(row, kept)) not in truth)
    compared = {(min(a, b), max(a, b)) for a, b in zip(copies.left.tolist(), copies.right.tolist(), strict=True)}
    together = {pair for pair in truth if keeper[pair[0]] == keeper[pair[1]]}
    found = together | (compared & truth.keys())
    expected = float(np.mean(params.detection(np.array(list(truth.values()))))) if truth else 1.0
    many = max(len(truth), 1)
    return Recall(below, len(truth), len(found) / many, len(together) / many, expected)
