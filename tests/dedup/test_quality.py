"""How good detection is: the curve against theory, planted edits against all pairs, templates against the preset."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.dedup.near import NearParams
from assay.rules.parse import load_ruleset
from tests.dedup.curve import Bin, curve
from tests.dedup.frames import FRAMES, Frame
from tests.dedup.planted import Recall, planted
from tests.dedup.quality import (
    UNCHANGED,
    by_title,
    by_way,
    english,
    of_frame,
    random_originals,
    real_originals,
)

ONE_PER_CENT = 0.01


def said(bins: list[Bin]) -> None:
    for one in bins:
        print(
            f"  {one.low:.2f} to {one.high:.2f}: {one.pairs} pairs, found {one.found:.4f}, "
            f"expected {one.expected:.4f}, bias {one.bias:+.5f}, spread {one.spread:.4f} of {one.spread_expected:.4f}"
        )


def check(bins: list[Bin]) -> None:
    said(bins)
    for one in bins:
        assert one.pairs >= 10_000
        assert abs(one.found - one.expected) < ONE_PER_CENT
        assert abs(one.bias) < 0.002, "minima of 32-bit permutations estimate similarity without bias"
        assert one.spread < 1.05 * one.spread_expected, "and no worse than independent ones"


def test_the_detection_curve_is_the_theoretical_one() -> None:
    check(list(curve(0.1, 15_000)))


@pytest.mark.slow
def test_the_detection_curve_is_the_theoretical_one_in_bins_of_five_hundredths() -> None:
    check(list(curve(0.05, 50_000, seed=1)))


@pytest.mark.slow
@pytest.mark.parametrize(
    "params", [NearParams(bands=20, rows=5), NearParams(bands=9, rows=13, size=3), NearParams(seed=7)], ids=str
)
def test_so_it_is_for_other_parameters(params: NearParams) -> None:
    check(list(curve(0.1, 20_000, params, seed=2)))


def held(recall: Recall, table: list[dict[str, object]], unchanged: tuple[str, ...]) -> None:
    print(f"  {recall}")
    for row in table:
        print(f"  {row}")
    assert recall.joined_below == 0, "no record is ever joined to a keeper below the threshold"
    assert recall.found >= recall.expected - ONE_PER_CENT
    assert recall.together >= recall.expected - ONE_PER_CENT
    for row in table:
        assert row["told"] == 0, "edits are no values"
        if row["way"] in unchanged:
            assert row["similarity"] == 1
            assert row["found"] == row["records"]


@pytest.mark.parametrize("threshold", [0.6, 0.8])
def test_planted_edits_are_found_as_theory_says(threshold: float) -> None:
    held(*by_way(planted(random_originals(40)), NearParams(threshold=threshold)), UNCHANGED)


@pytest.mark.slow
def test_planted_edits_of_real_documents_are_found_as_theory_says(shared_data: Path) -> None:
    made = planted(real_originals(english(shared_data), 150))
    held(*by_way(made, NearParams()), UNCHANGED[:2])  # some look like code, where marks count


# Frames of which nothing tells two to four records from edited copies: words alone differ, each in one place, or, in
# documents, short numbers alone.
UNTOLD = (
    "letters of names only", "status lines", "sensor lines, long (composite)",
    "word problems, one number changed (composite)", "word problems, one number changed, long (composite)",
)  # fmt: skip


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame.name)
def test_records_of_one_frame_with_other_values_stay_and_their_copies_go(frame: Frame) -> None:
    of_many(frame, (5, 4), (20, 1))


@pytest.mark.slow
@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame.name)
def test_so_it_is_in_large_groups(frame: Frame) -> None:
    of_many(frame, (5, 40), (20, 10), (500, 1))


def of_many(frame: Frame, *cases: tuple[int, int]) -> None:
    few_values = frame.name.startswith(UNTOLD)  # groups of five may not show which places vary either
    for size, seeds in cases:
        found = of_frame(frame, size, seeds)
        print(f"  {found}")
        assert found["dropped"] <= max(1, (0.1 if few_values else 0.01) * found["records"]), "distinct records go"
        assert found["dropped_beside_copies"] <= max(1, (0.15 if few_values else 0.01) * found["records"])
        if found["near"] >= 0.5 * found["records"]:
            assert found["copies_dropped"] >= 0.95 * found["copies"], "true copies stay"


@pytest.mark.parametrize(
    "frame", [frame for frame in FRAMES if not frame.name.startswith(UNTOLD)], ids=lambda frame: frame.name
)
def test_so_they_do_where_a_frame_has_two_or_three_records(frame: Frame) -> None:
    for size in (2, 3):
        found = of_frame(frame, size, 8)
        print(f"  {found}")
        assert found["dropped"] <= 0.1 * found["records"]


@pytest.mark.parametrize("threshold", [0.6, 0.8])
def test_pages_with_another_title_stay_and_versions_of_one_page_go(shared_data: Path, threshold: float) -> None:
    found = by_title(english(shared_data), threshold)
    print(f"  {found}")
    assert found["other_title"] > 100
    assert found["other_title_kept"] >= 0.97 * found["other_title"]
    assert found["same_title"] > 30
    assert found["same_title_kept"] <= 0.05 * found["same_title"]


def test_the_preset_drops_by_what_is_measured_here() -> None:
    rules = {rule.name: rule for rule in load_ruleset("near_duplicates").rules}
    assert "near_values_differing = 0" in str(rules["near_duplicate"].when)
    assert rules["same_template"].action == "warn"
