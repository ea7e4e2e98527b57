"""Which decisions changed between two runs, record by record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from assay.store import Workspace


class VerdictChange(msgspec.Struct, frozen=True, kw_only=True):
    """Records of one dataset whose decision is another than it was, such as keep -> drop."""

    dataset: str
    before: str
    after: str
    count: int
    examples: list[str]


def verdict_changes(
    ws: Workspace, old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]], *, examples: int = 3
) -> list[VerdictChange]:
    """Which records are decided otherwise: between two sets of decisions, given as dataset -> {version, key}.

    Records that one of them lacks are no change of verdict. Examples are the first ids by code point.
    """
    changes: list[VerdictChange] = []
    for name in sorted(set(old) & set(new)):
        if (old[name]["version"], old[name]["key"]) == (new[name]["version"], new[name]["key"]):
            continue
        before = ws.load_decisions(name, old[name]["version"], old[name]["key"])
        after = ws.load_decisions(name, new[name]["version"], new[name]["key"])
        if before is not None and after is not None:
            changes += _compare(name, before, after, examples)
    return changes


def _compare(name: str, before: pa.Table, after: pa.Table, examples: int) -> list[VerdictChange]:
    place = pc.index_in(after["record_id"], value_set=before["record_id"].combine_chunks())
    then = before["action"].combine_chunks().take(place.combine_chunks())
    now = after["action"].combine_chunks()
    moved = np.flatnonzero(pc.fill_null(pc.not_equal(then, now), False).to_numpy(zero_copy_only=False))
    groups: dict[tuple[str, str], list[str]] = {}
    ids = after["record_id"].combine_chunks().take(pa.array(moved))
    old, new = (actions.take(pa.array(moved)).to_pylist() for actions in (then, now))
    for a, b, record_id in zip(old, new, ids.to_pylist(), strict=True):
        groups.setdefault((a, b), []).append(record_id)
    return [
        VerdictChange(dataset=name, before=a, after=b, count=len(found), examples=sorted(found)[:examples])
        for (a, b), found in sorted(groups.items())
    ]
