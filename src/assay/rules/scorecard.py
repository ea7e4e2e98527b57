"""Six dimensions by domain: the share of records that no drop or review rule of a dimension speaks against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.rules.rule import DIMENSIONS, Rule, Ruleset


@dataclass(frozen=True, slots=True)
class Score:
    """One dimension of one domain ("" for all of them together).

    passed + failed + unknown = records. A record is unknown when every drop or review rule of the dimension was
    null on it, or there is no such rule; it never counts as passing. share = passed / records, null of no records
    and null when nothing was known.
    """

    dimension: str
    domain: str
    passed: int
    failed: int
    unknown: int
    rules: tuple[str, ...]

    @property
    def records(self) -> int:
        return self.passed + self.failed + self.unknown

    @property
    def share(self) -> float | None:
        known = self.passed + self.failed
        return self.passed / self.records if known else None


def scorecard(ruleset: Ruleset, decisions: pa.Table, domains: pa.Array | pa.ChunkedArray, kind: str) -> list[Score]:
    """Scores of every dimension, first over all records, then per domain in order of name; null domain is "(none)".

    decisions: what `evaluate` gave for these records; domains: one per record, in the same order.
    """
    named = np.array(["(none)" if value is None else value for value in domains.to_pylist()], object)
    scores: list[Score] = []
    everywhere = np.ones(len(named), np.bool_)
    groups = [("", everywhere)] + [(name, named == name) for name in sorted(set(named.tolist()))]
    for dimension, (mine, failed, unknown) in record_verdicts(ruleset, decisions, kind).items():
        for name, within in groups:
            scores.append(
                Score(
                    dimension,
                    name,
                    passed=int((within & ~failed & ~unknown).sum()),
                    failed=int((within & failed).sum()),
                    unknown=int((within & unknown).sum()),
                    rules=mine,
                )
            )
    return scores


def record_verdicts(
    ruleset: Ruleset, decisions: pa.Table, kind: str
) -> dict[str, tuple[tuple[str, ...], NDArray[np.bool_], NDArray[np.bool_]]]:
    """Dimension -> its drop and review rules for the kind, and bool[rows] twice: failed, unknown (see Score)."""
    grids = {column: fired_by_rule(decisions[column], ruleset.for_kind(kind)) for column in ("rules", "unknown")}
    judged = [rule for rule in ruleset.for_kind(kind) if rule.action in ("drop", "review")]
    found = {}
    for dimension in DIMENSIONS:
        mine = [rule for rule in judged if rule.dimension == dimension]
        failed, unknown = _verdict(mine, grids["rules"], grids["unknown"], decisions.num_rows)
        found[dimension] = (tuple(rule.name for rule in mine), failed, unknown)
    return found


def _verdict(
    rules: Sequence[Rule], fired: dict[str, NDArray[np.bool_]], null: dict[str, NDArray[np.bool_]], rows: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    failed, unknown = np.zeros(rows, np.bool_), np.ones(rows, np.bool_)
    for rule in rules:
        # on_null fire says that not knowing is as bad as failing; on_null review only asks.
        failed |= fired[rule.name] & (~null[rule.name] | (rule.on_null == "fire"))
        unknown &= null[rule.name]
    return failed, unknown & ~failed


def fired_by_rule(lists: pa.ChunkedArray, rules: Sequence[Rule]) -> dict[str, NDArray[np.bool_]]:
    """Rule name -> bool[rows]: where it stands in a record's list of rules (`rules` or `unknown` of decisions)."""
    joined = lists.combine_chunks()
    counts = np.diff(joined.offsets.to_numpy())
    parents = np.repeat(np.arange(len(joined)), counts)
    items = joined.flatten()
    out: dict[str, NDArray[np.bool_]] = {}
    for rule in rules:
        hit = np.zeros(len(joined), np.bool_)
        hit[parents[pc.equal(items, rule.name).to_numpy(zero_copy_only=False)]] = True
        out[rule.name] = hit
    return out
