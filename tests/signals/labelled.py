"""Labelled sets for the tests of labels: two published ones, and tables of the kind classification."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from assay.records.schema import columns_of


def banking77(shared_data: Path) -> tuple[list[str], list[str]]:
    with open(shared_data / "classification/banking77/train.csv", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    return [row[0] for row in rows], [row[1] for row in rows]


def sms_spam(shared_data: Path) -> tuple[list[str], list[str]]:
    """Texts that spilt into the extra columns are put together again."""
    with open(shared_data / "classification/sms-spam/spam.csv", encoding="latin-1") as file:
        rows = list(csv.reader(file))[1:]
    return [",".join(row[1:]).rstrip(",") for row in rows], [row[0] for row in rows]


def table(texts: Sequence[str | None], labels: Sequence[str | None], **more: Sequence[Any]) -> pa.Table:
    """Every column of the kind; those not given are null."""
    types = columns_of("classification")
    given = {"text": texts, "label": labels, **more}
    columns = {
        name: pa.array(given[name], dtype) if name in given else pa.nulls(len(texts), dtype)
        for name, dtype in types.items()
    }
    columns["record_id"] = pa.array([f"r{i:06}" for i in range(len(texts))], types["record_id"])
    return pa.table(columns)


def flipped(labels: Sequence[str], share: float, seed: int) -> tuple[list[str], np.ndarray]:
    """Labels with about this share of them changed to another label, and which ones."""
    rng = np.random.default_rng(seed)
    names = sorted(set(labels))
    classes = np.array([names.index(label) for label in labels])
    wrong = rng.random(len(labels)) < share
    shift = rng.integers(1, len(names), len(labels))
    return [names[c] for c in np.where(wrong, (classes + shift) % len(names), classes)], wrong


def average_precision(wrong: np.ndarray, score: np.ndarray) -> float:
    """Mean over the wrong ones of the precision at their place in the ranking; random gives their share."""
    hits = wrong[np.argsort(-score, kind="stable")]
    at = np.flatnonzero(hits)
    return float(((np.arange(len(at)) + 1) / (at + 1)).mean())
