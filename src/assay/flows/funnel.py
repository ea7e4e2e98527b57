"""What each stage of a pipeline removes: records by the first stage that drops them, in the order of the stages."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.core.errors import UnknownName, UserError
from assay.core.results import Result

if TYPE_CHECKING:  # a recipe that has nothing to do must not wait for the signals to be imported
    from assay.flows.subjects import Chosen


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """A filter of a pipeline: the rules that make it up, by name or pattern (gopher_*)."""

    name: str
    rules: list[str]


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """`removed`: records that no earlier stage drops and this one does; `left`: after it; `by_rule`: of those
    removed, how many each of its rules drops (a record may be dropped by several)."""

    stage: str
    removed: int
    left: int
    by_rule: dict[str, int]


class FunnelResult(Result, frozen=True, kw_only=True):
    """`read`: records decided upon; `other`: dropped by rules that no stage names, after all stages."""

    read: int
    stages: list[Removed]
    other: int

    @property
    def left(self) -> int:
        return (self.stages[-1].left if self.stages else self.read) - self.other

    def lines(self) -> list[str]:
        width = max((len(stage.stage) for stage in self.stages), default=4)
        out = [f"{'read':<{width}} {self.read:>12,}"]
        before = self.read
        for stage in self.stages:
            share = f"{stage.removed / before:6.1%}" if before else "     -"
            out.append(f"{stage.stage:<{width}} {-stage.removed:>12,} {share}  {stage.left:>12,} left")
            before = stage.left
        return [*out, *([f"{'other':<{width}} {-self.other:>12,}"] if self.other else [])]


def funnel(chosen: Sequence[Chosen], stages: Sequence[Stage]) -> FunnelResult:
    """Count dropped records by stage, over decisions that are there already.

    Raises UserError E208 where nothing was decided, E101 for a stage's rule that the ruleset lacks.
    """
    removed = [0] * len(stages)
    by_rule: list[dict[str, int]] = [{} for _ in stages]
    read = other = 0
    for each in chosen:
        if each.decisions is None or each.ruleset is None:
            raise UserError("E208", f"{each.name} has no decisions", fix=f"assay decide {each.name} --rules FILE")
        drops = [rule.name for rule in each.ruleset.for_kind(each.kind) if rule.action == "drop"]
        named = {rule.name for rule in each.ruleset.rules}
        found = [_rules_of(stage, sorted(named)) for stage in stages]
        table = each.decisions
        read += table.num_rows
        dropped = pc.equal(table["action"], "drop").combine_chunks()
        fired = table["rules"].combine_chunks().filter(dropped)
        open_ = np.ones(len(fired), np.bool_)
        for number, rules in enumerate(found):
            mine = [name for name in drops if name in rules]
            hits = {name: _has(fired, name) & open_ for name in mine}
            taken = np.logical_or.reduce(list(hits.values())) if hits else np.zeros(len(fired), np.bool_)
            removed[number] += int(taken.sum())
            for name, flags in hits.items():
                by_rule[number][name] = by_rule[number].get(name, 0) + int(flags.sum())
            open_ &= ~taken
        other += int(open_.sum())
    out, left = [], read
    for stage, count, rules_of_stage in zip(stages, removed, by_rule, strict=True):
        left -= count
        out.append(Removed(stage=stage.name, removed=count, left=left, by_rule=dict(sorted(rules_of_stage.items()))))
    return FunnelResult(read=read, stages=out, other=other)


def _rules_of(stage: Stage, known: Sequence[str]) -> set[str]:
    rules: set[str] = set()
    for wanted in stage.rules:
        found = {name for name in known if fnmatchcase(name, wanted)}
        if not found:
            raise UnknownName("rule", wanted, known, at=f"stage {stage.name!r}")
        rules |= found
    return rules


def _has(fired: pa.ListArray, name: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which rows have the rule among those that fired."""
    rows = np.repeat(np.arange(len(fired)), pc.fill_null(pc.list_value_length(fired), 0).to_numpy())
    out = np.zeros(len(fired), np.bool_)
    out[rows[pc.equal(fired.flatten(), name).to_numpy(zero_copy_only=False)]] = True
    return out
