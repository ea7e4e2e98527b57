"""In which formats a text writes its dates: presence of each, by regular expressions that run in linear time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_YEAR = r"(?:1[6-9]|20)\d\d"
_DAY, _MONTH = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])"
_LATE = r"(?:1[3-9]|2\d|3[01])"  # a day that can be no month
_NAMES = (
    r"(?:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?\.?|July?\.?|Aug(?:ust|\.)?|"
    r"Sept?(?:ember|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
# A path of an address (`/2020/01/05/`) and a part of a longer number are no dates.
_BEFORE, _AFTER = r"""(?m)(?:^|[\s(\["'“‘,;:>=|])""", r"""(?:$|[\s)\]"'”’,;:!?<|]|\.(?:\D|$))"""
AMBIGUOUS = "DD/MM/YYYY or MM/DD/YYYY"
DAY_FIRST, MONTH_FIRST = "DD/MM/YYYY", "MM/DD/YYYY"
FORMATS: dict[str, str] = {
    "YYYY-MM-DD": rf"{_BEFORE}{_YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:T\d|{_AFTER})",
    "YYYY/MM/DD": rf"{_BEFORE}{_YEAR}/{_MONTH}/{_DAY}{_AFTER}",
    "DD.MM.YYYY": rf"{_BEFORE}{_DAY}\.{_MONTH}\.{_YEAR}{_AFTER}",
    DAY_FIRST: rf"{_BEFORE}{_LATE}/{_MONTH}/{_YEAR}{_AFTER}",
    MONTH_FIRST: rf"{_BEFORE}{_MONTH}/{_LATE}/{_YEAR}{_AFTER}",
    AMBIGUOUS: rf"{_BEFORE}{_MONTH}/{_MONTH}/{_YEAR}{_AFTER}",
    "DD-MM-YYYY": rf"{_BEFORE}{_LATE}-{_MONTH}-{_YEAR}{_AFTER}",
    "MM-DD-YYYY": rf"{_BEFORE}{_MONTH}-{_LATE}-{_YEAR}{_AFTER}",
    "D Month YYYY": rf"{_BEFORE}{_DAY}(?:st|nd|rd|th)?(?: of)? {_NAMES},? {_YEAR}{_AFTER}",
    "Month D, YYYY": rf"{_BEFORE}{_NAMES} {_DAY}(?:st|nd|rd|th)?,? {_YEAR}{_AFTER}",
}
# A field that holds a time and nothing else may also be a number: 2001 to 2065 in seconds or milliseconds.
EPOCHS: dict[str, str] = {
    "seconds since 1970": r"^\s*[12]\d{9}(?:\.\d+)?\s*$",
    "milliseconds since 1970": r"^\s*[12]\d{12}\s*$",
}
_SOME = r"(?:1[6-9]|20)\d\d"


def date_formats(text: pa.Array, *, alone: bool = False) -> dict[str, pa.BooleanArray]:
    """Format -> whether each text has a date in it; null texts have none. alone: the text is a time and nothing else.

    Days and months are told apart where one of them is above 12; a text whose slashed dates leave it open has
    AMBIGUOUS. Years are 1600 to 2099, written in full.
    """
    shaped = pc.fill_null(pc.match_substring_regex(text, _SOME), False)
    rows = pc.indices_nonzero(shaped)
    some = text.take(rows)
    out = {}
    for name, pattern in FORMATS.items():
        hits = pc.indices_nonzero(pc.match_substring_regex(some, pattern)) if len(some) else rows
        out[name] = _at(rows.take(hits), len(text))
    open_ = pc.and_not(out[AMBIGUOUS], pc.or_(out[DAY_FIRST], out[MONTH_FIRST]))
    out[AMBIGUOUS] = open_
    if alone:
        for name, pattern in EPOCHS.items():
            out[name] = pc.fill_null(pc.match_substring_regex(text, pattern), False)
    return out


def _at(rows: pa.Array, count: int) -> pa.BooleanArray:
    marked = np.zeros(count, np.bool_)
    marked[rows.to_numpy()] = True
    return pa.array(marked)
