"""The line shares of dolma's second tagger of Gopher's rules; all else it counts as the first (published.py)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from assay.core.arrow import utf8_views
from assay.kernels.joined_lines import LINE_FIELDS
from assay.kernels.joined_lines import joined_lines as _joined_lines
from assay.records.schema import TEXT
from assay.signals.base import row_signal

_TYPE = pa.struct([pa.field(name, pa.float64()) for name in LINE_FIELDS])


@row_signal(
    dimension=None,
    reads={"text": TEXT},
    writes=_TYPE,
    unit="shares",
    source="Rae et al. 2021, as dolma counts (tagger gopher_v2)",
    default=False,
)
def gopher_lines_dolma_v2(text: pa.LargeStringArray) -> pa.StructArray:
    """Bullet, ellipsis and repeated lines where empty lines are none; characters of repeated lines per character.

    A share of characters can be above 1: lines have white space, what they are divided by has none.
    """
    values = _joined_lines(*utf8_views(text))
    columns = [
        pa.array(np.nan_to_num(values[:, i]), mask=np.isnan(values[:, i]), type=pa.float64())
        for i in range(len(LINE_FIELDS))
    ]
    return pa.StructArray.from_arrays(columns, fields=list(_TYPE), mask=text.is_null())
