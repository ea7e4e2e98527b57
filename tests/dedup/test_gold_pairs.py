"""Pairs that people labelled: how far similarity tells them, and what the preset drops of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.dedup.gold import VERSIONS, addresses, judged, manual, products, three_versions
from tests.dedup.planted import detect


def row(found: dict[str, Any], threshold: float) -> dict[str, Any]:
    print(f"  {found['name']}: {found['dropped']}")
    for one in found["curve"]:
        print(f"    {one}")
    (only,) = (one for one in found["curve"] if one["threshold"] == threshold)
    return dict(only)


@pytest.mark.parametrize(("versions", "recall"), list(zip(VERSIONS, (0.95, 0.6, 0.57), strict=True)), ids=str)
def test_pages_of_two_versions_are_told_without_a_mistake(
    shared_data: Path, versions: tuple[str, str], recall: float
) -> None:
    found = judged(manual(shared_data, *versions))
    at = row(found, 0.8)
    assert at["precision_exact"] == at["precision_proposed"] == 1
    assert at["recall_exact"] >= recall
    assert at["recall_proposed"] >= at["recall_exact"] - 0.01, "bands propose what verification would accept"
    assert found["dropped"]["dropped_other"] == 0
    assert found["dropped"]["dropped_same"] == at["pairs"]
    assert found["dropped"]["kept_same"] == 0, "a version is no value"


def test_pages_of_three_versions_are_told(shared_data: Path) -> None:
    texts, names = three_versions(shared_data)
    found = detect(texts, numbers_matter=False)
    pairs = [(row, kept) for row, kept in enumerate(found.keeper.tolist()) if row != kept]
    dropped = [pair for pair in pairs if found.values[pair[0]] == 0]
    print(f"  {len(texts)} pages: {len(pairs)} near copies, {len(dropped)} dropped")
    assert all(names[row] == names[kept] for row, kept in pairs)
    assert len(dropped) >= 0.95 * len(pairs)


def test_addresses_are_told_where_they_are_alike(shared_data: Path) -> None:
    found = judged(addresses(shared_data))
    at = row(found, 0.8)
    assert at["precision_exact"] >= 0.99
    assert at["recall_proposed"] >= at["recall_exact"] - 0.01
    assert found["dropped"]["dropped_other"] <= 0.005 * found["dropped"]["dropped_same"]


@pytest.mark.parametrize("name", ["Structured/Amazon-Google", "Dirty/iTunes-Amazon"])
def test_products_of_two_catalogues_are_not_near_duplicates(shared_data: Path, name: str) -> None:
    """They are worded on their own: matching them is another task, and nothing may be dropped by mistake."""
    found = judged(products(shared_data, name))
    at = row(found, 0.8)
    assert at["precision_exact"] in (None, 1)
    assert at["recall_exact"] < 0.05
    assert found["dropped"]["dropped_other"] == 0
