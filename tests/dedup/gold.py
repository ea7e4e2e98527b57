"""Pairs that people labelled: pages of two versions of a manual, and products and addresses of two catalogues."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from assay.dedup.near import NearParams
from tests.dedup import near_oracle as oracle
from tests.dedup.planted import detect

THRESHOLDS = tuple(round(0.3 + 0.05 * i, 2) for i in range(15))
VERSIONS = (("7.4", "7.6"), ("5.1", "7.4"), ("5.1", "7.6"))


@dataclass(frozen=True)
class Labelled:
    """Texts, and pairs of them with whether the two are about the same thing. numbers: whether numbers matter."""

    name: str
    texts: list[str]
    pairs: dict[tuple[int, int], bool]
    numbers: bool


def manual(shared: Path, one: str, other: str) -> Labelled:
    """Every page of one version with every page of the other: the same where the file's name is."""
    texts, names, split = [], [], []
    for version in (one, other):
        folder = shared / "gold-near-dup" / "powershell-versions" / version / "Microsoft.PowerShell.Management"
        for path in sorted(folder.glob("*.md")):
            texts.append(path.read_text("utf-8"))
            names.append(path.name)
            split.append(version)
    pairs = {(i, j): names[i] == names[j] for i, j in combinations(range(len(texts)), 2) if split[i] != split[j]}
    return Labelled(f"manual pages, {one} and {other}", texts, pairs, False)


def three_versions(shared: Path) -> tuple[list[str], list[str]]:
    """All pages of all versions, and their names."""
    folder = shared / "gold-near-dup" / "powershell-versions"
    paths = sorted(folder.rglob("*.md"))
    return [path.read_text("utf-8") for path in paths], [path.name for path in paths]


def products(shared: Path, name: str) -> Labelled:
    """Pairs that came with a label; the words COL and VAL and the columns' names are no part of the texts."""
    path = shared / "gold-near-dup" / "ditto" / name / "train.txt"
    at: dict[str, int] = {}
    pairs = {}
    for line in path.read_text("utf-8").splitlines():
        one, other, label = line.split("\t")
        i, j = (at.setdefault(_plain(text), len(at)) for text in (one, other))
        if i != j:
            pairs[min(i, j), max(i, j)] = label.strip() == "1"
    return Labelled(f"products, {path.parent.name}", list(at), pairs, True)


def _plain(text: str) -> str:
    return " ".join(part.split(" VAL ", 1)[1] for part in f" {text} ".split(" COL ") if " VAL " in part).strip()


def addresses(shared: Path) -> Labelled:
    """Every pair of rows: the same where the true id is. Name, address and telephone."""
    with (shared / "gold-near-dup" / "dedupe" / "csv_example_input_with_true_ids.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    texts = [" ".join(row[name].strip() for name in ("Site name", "Address", "Phone")) for row in rows]
    ids = [row["True Id"] for row in rows]
    pairs = {(i, j): ids[i] == ids[j] for i, j in combinations(range(len(rows)), 2)}
    return Labelled("addresses", texts, pairs, True)


def judged(labelled: Labelled, size: int = 5, thresholds: Sequence[float] = THRESHOLDS) -> dict[str, Any]:
    """Precision and recall of similarity >= t, of all pairs and of those that were compared or lie in one cluster;
    and what is dropped. size: words in a shingle.

    Null where no pair reaches t.
    """
    params = NearParams(size=size, threshold=min(thresholds))
    found = detect(labelled.texts, params, numbers_matter=labelled.numbers)
    proposed = {(min(a, b), max(a, b)) for a, b in zip(found.left.tolist(), found.right.tolist(), strict=True)}
    sets = [set(oracle.shingles(text, size)) for text in labelled.texts]
    pairs = list(labelled.pairs)
    score = np.array([oracle.jaccard(sets[i], sets[j]) for i, j in pairs])
    same = np.array([labelled.pairs[pair] for pair in pairs])
    keeper = found.keeper
    seen = np.array([pair in proposed or keeper[pair[0]] == keeper[pair[1]] for pair in pairs])
    out: dict[str, Any] = {
        "name": labelled.name, "size": size, "texts": len(labelled.texts), "pairs": len(pairs), "same": int(same.sum()),
        "curve": [],
    }  # fmt: skip
    for t in thresholds:
        close = score >= t
        row: dict[str, Any] = {"threshold": t, "pairs": int(close.sum())}
        for name, chosen in (("exact", close), ("proposed", close & seen)):
            hits = int((chosen & same).sum())
            row[f"precision_{name}"] = round(hits / int(chosen.sum()), 4) if chosen.any() else None
            row[f"recall_{name}"] = round(hits / int(same.sum()), 4)
        out["curve"].append(row)
    out["dropped"] = dropped(labelled, NearParams(size=size))
    return out


def dropped(labelled: Labelled, params: NearParams) -> dict[str, int]:
    """Rows that near_duplicates.yaml drops, and keeps for their values; right: the keeper is labelled the same.

    Rows whose keeper no label compares them with are counted apart.
    """
    found = detect(labelled.texts, params, numbers_matter=labelled.numbers)
    out = dict.fromkeys(("dropped_same", "dropped_other", "kept_same", "kept_other", "unlabelled"), 0)
    for row, kept in enumerate(found.keeper.tolist()):
        if row == kept:
            continue
        same = labelled.pairs.get((min(row, kept), max(row, kept)))
        if same is None:
            out["unlabelled"] += 1
        else:
            out[f"{'dropped' if found.values[row] == 0 else 'kept'}_{'same' if same else 'other'}"] += 1
    return out


def all_gold(shared: Path) -> list[Labelled]:
    return [
        *(manual(shared, one, other) for one, other in VERSIONS),
        products(shared, "Structured/Amazon-Google"),
        products(shared, "Dirty/iTunes-Amazon"),
        addresses(shared),
    ]
