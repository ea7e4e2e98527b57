"""Near and exact copies, and test items in a corpus: MB/s of text per core, and how right what was removed is.

The corpus: technical English, as in bench_measure; every tool decides on the same first 20 MB. The truth is the exact
Jaccard similarity of the sets of 5-word shingles (words folded by case, accents and width) of every two texts that
share a shingle: no pair is left out, so no pair above any limit is missed. A text of fewer than five words is one
shingle. A sample is checked against Python sets of words by a regular expression.

A removed text is judged by its greatest similarity to a text that was kept or stands earlier in the file. Under 0.5 to
all of them, its removal is false. A pair is missed where both stay.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.core.arrow import utf8_views
from assay.kernels import kernel
from assay.kernels.fold_table import fold_table
from assay.kernels.shingles import PROSE, row_words, word_shingles
from benchmarks import dedup_ours, dedup_peers
from benchmarks.bench_measure import corpus
from benchmarks.corpora import WORK

SIZE = 5
PLANTED = ("whole", "question", "retyped", "thinned")
_FEWER = np.uint64(0x9E3779B97F4A7C15)
Ints = NDArray[np.int64]
Pairs = tuple[Ints, Ints, NDArray[np.float64]]


def read(path: Path) -> tuple[list[str], list[str]]:
    """Ids and texts of a JSONL file."""
    rows = [json.loads(line) for line in path.open(encoding="utf-8")]
    return [row["id"] for row in rows], [row["text"] for row in rows]


def shingle_sets(texts: list[str]) -> list[NDArray[np.uint64]]:
    """The set of each text, ascending; empty only where there is no word."""
    offsets, data = utf8_views(pa.array(texts, pa.large_string()))
    room = max(map(int, np.diff(offsets)), default=0) + 1
    words, out = np.empty(room, np.uint64), np.empty(room, np.uint64)
    starts, ends = np.empty(room, np.int32), np.empty(room, np.int32)
    table, sets = fold_table(), []
    for i in range(len(texts)):
        n = row_words(data, int(offsets[i]), int(offsets[i + 1]), table, PROSE, words, starts, ends)
        shingles = word_shingles(words, n, min(SIZE, n), out) if n else 0
        sets.append(np.unique(out[:shingles]) if n >= SIZE else out[:shingles] ^ _FEWER)
    return sets


def pairs(sets: list[NDArray[np.uint64]], least: float) -> Pairs:
    """(i, j, exact Jaccard) of every two sets, i < j, at or above `least`, which is above zero."""
    sizes = np.array([len(one) for one in sets], np.int64)
    owner = np.repeat(np.arange(len(sets)), sizes)
    _, which = np.unique(np.concatenate(sets), return_inverse=True)
    order = np.argsort(which, kind="stable")  # within a shingle, by text
    bounds = np.concatenate([[0], np.cumsum(np.bincount(which))])
    found = _shared(which, owner[order], bounds, np.concatenate([[0], np.cumsum(sizes)]), sizes, least)
    i, j, shared = (np.array(column, np.int64) for column in found)
    return i, j, shared / (sizes[i] + sizes[j] - shared)


@kernel
def _shared(which: Ints, postings: Ints, bounds: Ints, offsets: Ints, sizes: Ints, least: float):  # type: ignore[no-untyped-def]
    """Count, for each text, what it shares with each earlier one, along the texts of each of its shingles."""
    shared = np.zeros(len(sizes), np.int64)
    left, right, common = [0][:0], [0][:0], [0][:0]
    for j in range(len(sizes)):
        shared[:j] = 0
        for at in range(offsets[j], offsets[j + 1]):
            for k in range(bounds[which[at]], bounds[which[at] + 1]):
                if postings[k] >= j:
                    break
                shared[postings[k]] += 1
        for i in range(j):
            if shared[i] > 0 and shared[i] >= least * (sizes[i] + sizes[j] - shared[i]):
                left.append(i)
                right.append(j)
                common.append(shared[i])
    return left, right, common


def checked(texts: list[str], truth: Pairs, count: int = 300) -> int:
    """How many pairs were compared with plain Python sets: found ones, and any two. AssertionError where they differ.

    A hundredth is allowed: the folding knows ligatures and joiners that the regular expression does not.
    """
    rng, (i, j, similar) = Random(0), truth
    known = {(int(a), int(b)): float(s) for a, b, s in zip(i, j, similar, strict=True)}
    some = rng.sample(sorted(known), min(count, len(known)))
    some += [tuple(sorted(rng.sample(range(len(texts)), 2))) for _ in range(count)]
    slow: dict[int, set[tuple[str, ...]]] = {}
    for a, b in some:
        for one in (a, b):
            if one not in slow:
                slow[one] = _slow_set(texts[one])
        both = len(slow[a] | slow[b])
        jaccard = len(slow[a] & slow[b]) / both if both else 0.0
        if abs(jaccard - known.get((a, b), 0.0)) > (0.01 if (a, b) in known else 0.31):
            raise AssertionError(f"texts {a} and {b}: sets give {jaccard}, hashes {known.get((a, b))}")
    return len(some)


def _slow_set(text: str) -> set[tuple[str, ...]]:
    plain = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    words = re.findall(r"[^\W_]+", "".join(c for c in plain if unicodedata.category(c) not in ("Mn", "Cf")))
    return {tuple(words[k : k + SIZE]) for k in range(max(1, len(words) - SIZE + 1))} if words else set()


class Truth:
    """Of one JSONL file: ids, and every pair of texts that are at least 0.3 alike."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ids, self.texts = read(path)
        self.pairs = pairs(shingle_sets(self.texts), 0.3)
        self.checked = checked(self.texts, self.pairs)

    def about(self) -> dict[str, Any]:
        _, j, similar = self.pairs
        return {
            "texts": len(self.ids),
            "exact copies of an earlier text": copies(self.texts),
            **{f"pairs at {limit} or above": int((similar >= limit).sum()) for limit in (0.9, 0.8, 0.7, 0.5)},
            **{
                f"texts with an earlier one at {limit} or above": len(np.unique(j[similar >= limit]))
                for limit in (0.9, 0.8, 0.7)
            },
            "pairs that Python sets agree on": self.checked,
        }

    def judged(self, kept: list[str]) -> dict[str, Any]:
        """What was removed rightly and falsely, and which pairs were missed."""
        stays = np.isin(np.array(self.ids), np.array(kept))
        if len(set(kept)) != len(kept) or stays.sum() != len(kept):
            raise AssertionError("an id was kept twice, or is none of ours")
        i, j, similar = self.pairs
        best = np.zeros(len(self.ids))
        np.maximum.at(best, j, similar)  # i stands earlier
        np.maximum.at(best, i[stays[j]], similar[stays[j]])
        gone, both = best[~stays], stays[i] & stays[j]
        return {
            "kept": int(stays.sum()),
            "removed": int((~stays).sum()),
            "removed, 0.8 or more like another": int((gone >= 0.8).sum()),
            "removed, 0.7 or more like another": int((gone >= 0.7).sum()),
            "removed, under 0.5 like any other": int((gone < 0.5).sum()),
            "missed pairs at 0.9 or above": int((both & (similar >= 0.9)).sum()),
            "missed pairs at 0.8 or above": int((both & (similar >= 0.8)).sum()),
            "digest of kept": hashlib.sha256("\n".join(sorted(kept)).encode()).hexdigest()[:16],
        }


def copies(texts: list[str]) -> int:
    return len(texts) - len(set(texts))


def edited() -> Path:
    """The 20 MB and 600 copies of its texts after it, words exchanged at nine rates; every tenth is retyped instead.

    The corpus has hardly any pair at 0.9 or above; these spread from 1 to under 0.5.
    """
    source, _ = corpus(20)
    path = WORK / "edited_20mb.jsonl"
    rng, texts = Random(0), read(source)[1]
    some = rng.sample([text for text in texts if 1_000 < len(text) < 20_000], 600)
    rates = (0, 0.001, 0.003, 0.006, 0.01, 0.015, 0.02, 0.03, 0.06)
    with path.open("wb") as out:
        out.write(source.read_bytes())
        for number, text in enumerate(some):
            if number % 10 == 9:
                copy = _retyped(text.split())
            else:
                parts = re.split(r"(\s+)", text)
                for at in range(0, len(parts), 2):
                    if rng.random() < rates[number % 10]:
                        parts[at] = rng.choice(parts[::2])
                copy = "".join(parts)
            out.write(json.dumps({"id": f"copy-{number}", "text": copy}).encode() + b"\n")
    return path


def test_items() -> Path:
    """A JSONL file of HumanEval's problems and GSM8K's test questions that are at hand: {"task", "query", "text"}."""
    path = WORK / "test_items.jsonl"
    if not path.exists():
        folder = Path(os.environ.get("ASSAY_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
        humaneval = gzip.decompress((folder / "gold-decontam/humaneval/HumanEval.jsonl.gz").read_bytes())
        gsm8k = (folder / "reasoning/gsm8k/example_model_solutions.first660.jsonl").read_bytes()
        items = [("humaneval", one["prompt"], one["canonical_solution"]) for one in _objects(humaneval)]
        items += [("gsm8k", one["question"], one["ground_truth"]) for one in _objects(gsm8k)]
        WORK.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as out:
            for task, query, text in items:
                out.write(json.dumps({"task": task, "query": query, "text": text}) + "\n")
    return path


def planted() -> tuple[Path, dict[str, str]]:
    """The 20 MB with a test item in the middle of every tenth text: the file, and how by id.

    Whole: question and answer as they are. Question: that alone. Retyped: question and answer in capitals, a line break
    after every eighth word. Thinned: question and answer, each tenth word left out.
    """
    source, _ = corpus(20)
    path = WORK / "planted_20mb.jsonl"
    items = [json.loads(line) for line in test_items().open(encoding="utf-8")]
    Random(0).shuffle(items)
    how = {}
    with path.open("w", encoding="utf-8") as out:
        for number, (one, text) in enumerate(zip(*read(source), strict=True)):
            if number % 10 == 0:
                item, kind = items[number // 10 % len(items)], PLANTED[number // 10 % 4]
                how[one], middle = f"{item['task']}, {kind}", len(text) // 2
                text = f"{text[:middle]}\n\n{_typed(item, kind)}\n\n{text[middle:]}"
            out.write(json.dumps({"id": one, "text": text}) + "\n")
    return path, how


def _typed(item: dict[str, str], kind: str) -> str:
    if kind == "question":
        return item["query"]
    whole = f"{item['query']}\n{item['text']}"
    if kind == "whole":
        return whole
    words = whole.split()
    if kind == "thinned":
        return " ".join(word for k, word in enumerate(words) if k % 10 != 9)
    return _retyped(words)


def _retyped(words: list[str]) -> str:
    return "\n".join(" ".join(words[k : k + 8]) for k in range(0, len(words), 8)).upper()


def found(flagged: set[str], how: dict[str, str]) -> dict[str, Any]:
    """Of the planted items, how many each way; and how many texts were flagged that none was planted in."""
    ways = sorted(set(how.values()))
    return {
        "flagged": len(flagged),
        "flagged, nothing planted": len(flagged - set(how)),
        "found": {
            way: f"{sum(one in flagged for one, w in how.items() if w == way)} of {list(how.values()).count(way)}"
            for way in ways
        },
    }


def _objects(lines: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.splitlines() if line.strip()]


def truths_of() -> dict[str, Truth]:
    return {"corpus": Truth(corpus(20)[0]), "with edited copies": Truth(edited())}


def run(truths: dict[str, Truth] | None = None) -> dict[str, Any]:
    """Ours and theirs in one run, and the ratios of their speeds."""
    truths = truths_of() if truths is None else truths
    theirs = peers(truths)
    ours = {
        "near": dedup_ours.near(truths),
        "exact": dedup_ours.exact(edited(), judged_exact),
        "contamination": dedup_ours.contamination(test_items(), planted(), found),
    }
    ratios = {
        method: {
            name: round(ours[method]["mb_per_s_per_core"] / row["mb_per_s_per_core"], 1)
            for name, row in theirs[method].items()
            if "mb_per_s_per_core" in row
        }
        for method in ours
    }
    return {"ours": ours, "peers": theirs, "times as fast as": ratios}


def peers(truths: dict[str, Truth]) -> dict[str, Any]:
    """Each peer's numbers, or {"error"} where it fails: one that cannot be installed stops no other."""
    out: dict[str, Any] = {"truth": {name: truth.about() for name, truth in truths.items()}}
    out |= {"near": {}, "exact": {}, "contamination": {}}
    for name, peer in dedup_peers.NEAR.items():
        out["near"][name] = _guarded(lambda peer=peer, name=name: _near(peer, f"near_{name}", truths))
    for name, peer in dedup_peers.EXACT.items():
        out["exact"][name] = _guarded(lambda peer=peer, name=name: _exact(peer, f"exact_{name}"))
    for mode in ("label", "question"):
        out["contamination"][f"datatrove, n-grams of the {mode}"] = _guarded(lambda mode=mode: _contamination(mode))
    return out


def _near(peer: dedup_peers.Peer, label: str, truths: dict[str, Truth]) -> dict[str, Any]:
    source, size = corpus(peer.megabytes)
    row, kept = dedup_peers.measured(peer, source, size, label)
    for name, truth in truths.items():
        if truth.path != source:
            kept = dedup_peers.decided(peer, truth.path, label)
        row[name] = truth.judged(kept)
    return row


def _exact(peer: dedup_peers.Peer, label: str) -> dict[str, Any]:
    source, size = corpus(peer.megabytes)
    row, kept = dedup_peers.measured(peer, source, size, label)
    for name, path in {"corpus": source, "with edited copies": edited()}.items():
        if path != source:
            kept = dedup_peers.decided(peer, path, label)
        row[name] = judged_exact(path, kept)
    return row


def judged_exact(path: Path, kept: list[str]) -> dict[str, Any]:
    ids, texts = read(path)
    by_id = dict(zip(ids, texts, strict=True))
    return {
        "removed": len(ids) - len(kept),
        "copies there": copies(texts),
        "every text kept once": len({by_id[one] for one in kept}) == len(kept) == len(set(texts)),
    }


def _contamination(mode: str) -> dict[str, Any]:
    """Speed and false flags on the corpus itself, recall on the same with items planted."""
    peer = dedup_peers.decontamination(test_items(), mode)
    source, size = corpus(20)
    row, kept = dedup_peers.measured(peer, source, size, f"decontam_{mode}")
    removed = dedup_peers.removed_rows(WORK / "peer_out" / f"decontam_{mode}")
    with_items, how = planted()
    kept_of_planted = dedup_peers.decided(peer, with_items, f"decontam_planted_{mode}")
    ids, _ = read(with_items)
    return row | {
        "flagged": len(ids) - len(kept),
        "by n-gram": dict(sorted(removed.items(), key=lambda one: (-one[1], one[0]))[:8]),
        "planted": found(set(ids) - set(kept_of_planted), how),
    }


def _guarded(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return work()
    except Exception as failure:
        return {"error": dedup_peers.why(failure)}
