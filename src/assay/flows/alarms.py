"""Alarms: one rule that drops a large share of a kind or of one source is more often a wrong rule than bad data."""

from __future__ import annotations

from pathlib import PurePosixPath

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.rules import Rule, fired_by_rule
from assay.store import Dataset

ALARM_SHARE = 0.3  # of the rows; published pipelines lose 10 to 20 % to their strictest rule
MIN_ROWS = 20  # fewer rows than that say nothing about a share


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """`removed` of `rows` records are dropped by one rule. `source` null: of the whole dataset.

    A source is a file, or a folder (ending in /) whose files hold fewer than 20 records each.
    """

    dataset: str
    rule: str
    source: str | None
    removed: int
    rows: int

    @property
    def share(self) -> float:
        return self.removed / self.rows

    def line(self) -> str:
        where = f"{self.dataset}, {self.source}" if self.source else self.dataset
        return f"ALARM: {self.rule} drops {self.removed:,} of {self.rows:,} ({self.share:.0%}) of {where}"


def removal_alarms(
    data: Dataset, version: int, decisions: pa.Table, rules: list[Rule], share: float = ALARM_SHARE
) -> list[Alarm]:
    """Every dropping rule that removes more than `share` of the dataset or of one of its sources, most removed first.

    A record that a keep rule saved is not removed; one that two rules drop counts for both.
    """
    dropped = np.asarray(pc.equal(decisions["action"], "drop").to_numpy(zero_copy_only=False), np.bool_)
    if len(dropped) < MIN_ROWS or not dropped.any():
        return []
    masks = fired_by_rule(decisions["rules"], rules)
    fired = {rule.name: masks[rule.name] & dropped for rule in rules if rule.action == "drop"}
    fired = {name: mask for name, mask in fired.items() if mask.any()}
    names, codes = sources_of(data, version)
    sizes = np.bincount(codes, minlength=len(names))
    found = []
    for rule, mask in fired.items():
        removed = int(mask.sum())
        if removed > share * len(mask):
            found.append(Alarm(dataset=data.name, rule=rule, source=None, removed=removed, rows=len(mask)))
        by_source = np.bincount(codes[mask], minlength=len(names))
        for code in np.flatnonzero((sizes >= MIN_ROWS) & (by_source > share * sizes)).tolist():
            if len(names) > 1:
                found.append(
                    Alarm(
                        dataset=data.name,
                        rule=rule,
                        source=names[code],
                        removed=int(by_source[code]),
                        rows=int(sizes[code]),
                    )
                )
    return sorted(found, key=lambda alarm: (-alarm.removed, alarm.rule, alarm.source or ""))


def sources_of(data: Dataset, version: int) -> tuple[list[str], NDArray[np.int64]]:
    """The sources of a version, sorted, and for each row (scan order) which one it is from."""
    paths = [pc.struct_field(batch.column(0), "path") for batch in data.scan(version, columns=["source"])]
    coded = pc.fill_null(pa.chunked_array(paths).combine_chunks(), "(none)").dictionary_encode()
    names, codes = coded.dictionary.to_pylist(), coded.indices.to_numpy()
    sizes = np.bincount(codes, minlength=len(names))
    grouped = [name if size >= MIN_ROWS else _folder(name) for name, size in zip(names, sizes.tolist(), strict=True)]
    chosen = sorted(set(grouped))
    place = {name: i for i, name in enumerate(chosen)}
    return chosen, np.array([place[name] for name in grouped], np.int64)[codes]


def _folder(path: str) -> str:
    parent = str(PurePosixPath(path).parent)
    return "./" if parent == "." else f"{parent}/"
