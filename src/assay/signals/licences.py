"""Which licence a text says it is under, and whether that agrees with what the record says."""

from __future__ import annotations

import pyarrow as pa

from assay.records.schema import TEXT
from assay.signals.base import row_signal
from assay.text.licences import identifiers, named_licences, parse_expression

_SOURCE = "SPDX specification 2.3, annexes D and E; sentences of the licences themselves"


@row_signal(
    dimension=None,
    reads={"text": TEXT},
    writes=TEXT,
    unit="SPDX expression",
    source=_SOURCE,
    default=False,
    python_bound=True,
)
def spdx_license(text: pa.LargeStringArray) -> pa.LargeStringArray:
    """The licence that the text view names: its SPDX headers, else one whose words it has (MIT, Apache-2.0, BSD, ...).

    Null where it names none that is known to us. A text that only talks of a licence in its words counts too.
    """
    return pa.array([None if value is None else named_licences(value)[0] for value in text.to_pylist()], TEXT)


@row_signal(
    dimension="validity",
    reads={"text": TEXT},
    writes=pa.list_(TEXT),
    unit="identifiers",
    source=_SOURCE,
    default=False,
    python_bound=True,
)
def spdx_unknown(text: pa.LargeStringArray) -> pa.ListArray:
    """Identifiers in SPDX headers that the list of licences does not have; empty without headers, null without text.

    The list is abridged to those that occur in public code (text/licences.py); LicenseRef-... is always known.
    """
    found = [None if value is None else list(named_licences(value)[1]) for value in text.to_pylist()]
    return pa.array(found, pa.list_(TEXT))


@row_signal(
    dimension="consistency",
    reads={"text": TEXT, "license": TEXT},
    writes=pa.bool_(),
    unit="true or false",
    source=_SOURCE,
    default=False,
    python_bound=True,
)
def license_conflict(text: pa.LargeStringArray, license: pa.LargeStringArray) -> pa.BooleanArray:
    """Whether the text names a licence and none of its licences is among those of the record's `license`.

    `-only`, `-or-later` and `+` are no difference. Null where the text or the record names none.
    """
    out: list[bool | None] = []
    for said, held in zip(text.to_pylist(), license.to_pylist(), strict=True):
        found = named_licences(said)[0] if said is not None else None
        mine = parse_expression(held)[0] if held else None
        out.append(None if found is None or mine is None else not identifiers(found) & identifiers(mine))
    return pa.array(out, pa.bool_())
