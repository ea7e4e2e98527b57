"""FineWeb's own measurements where FineWeb takes them: on what C4's line rules leave of a page."""

from __future__ import annotations

import pyarrow as pa

from assay.records.schema import TEXT
from assay.signals.base import SIGNALS, row_signal
from assay.signals.published import fineweb_lines
from assay.text.c4 import LineRules, kept_text

_RULES = LineRules(end_punctuation=False)


@row_signal(
    dimension=None,
    reads={"text": TEXT},
    writes=SIGNALS.get("fineweb_lines").writes,
    unit="shares",
    source="Penedo et al. 2024, 3.6; datatrove examples/fineweb.py, where C4QualityFilter rewrites the page before",
    default=False,
    python_bound=True,
)
def fineweb_lines_after_c4(text: pa.LargeStringArray) -> pa.StructArray:
    """As fineweb_lines, of the text that `c4_clean@datatrove` without its end-mark rule leaves.

    In FineWeb's order C4 has dropped lines (few words, javascript, policies) before these shares are taken. Null
    members where no line is left.
    """
    left = [None if page is None else kept_text(page, _RULES) for page in text.to_pylist()]
    found: pa.StructArray = fineweb_lines(pa.array(left, TEXT))
    return found
