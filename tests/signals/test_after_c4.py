"""FineWeb's shares on what C4 leaves: the plant is a page that only C4's edits make good, or bad."""

from __future__ import annotations

import pyarrow as pa

from assay.records.schema import TEXT
from assay.signals import SIGNALS
from assay.signals.after_c4 import fineweb_lines_after_c4
from assay.signals.published import fineweb_lines
from assay.transforms import TRANSFORMS

PROSE = "The harbour was quiet when the first boats came back.\nAnna had counted the crates twice that morning.\n"
MENU = "Home\nNews\nSport\nWeather\nJobs\nShop\n"


def test_a_menu_above_good_prose_counts_before_c4_and_not_after() -> None:
    page = pa.array([MENU + PROSE, PROSE, None, MENU], TEXT)
    before, after = fineweb_lines(page).to_pylist(), fineweb_lines_after_c4(page).to_pylist()
    assert before[0]["short_line_ratio"] > 0.67
    assert after[0]["short_line_ratio"] == 0
    assert after[0]["line_punct_ratio"] == 1
    assert after[0] == after[1]
    assert after[3]["line_punct_ratio"] is None


def test_it_is_fineweb_lines_of_the_cleaned_text() -> None:
    page = pa.array([MENU + PROSE, "One [1] two three\n\nuses cookies, it does\nfour five six", "", "a b c"], TEXT)
    cleaned, _ = TRANSFORMS.get("c4_clean@datatrove").apply(page, {"end_punctuation": False})
    assert fineweb_lines_after_c4(page).equals(fineweb_lines(cleaned))
    assert SIGNALS.get("fineweb_lines_after_c4").writes == SIGNALS.get("fineweb_lines").writes
