"""What `assay run` and `assay plan` say."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from assay.core.results import Result
from assay.flows.gates import ERROR, FAIL, WARN, GateOutcome
from assay.flows.verdicts import VerdictChange

CACHED, SKIPPED = "cached", "skipped"


class StepLine(msgspec.Struct, frozen=True, kw_only=True):
    """`why` says what made a step run, or kept it from running. `counts` are the step's own numbers."""

    name: str
    status: Literal["ran", "cached", "skipped"]
    seconds: float
    why: str = ""
    counts: dict[str, Any] = {}


class ReleaseLine(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    path: str
    records: int


class LockNote(msgspec.Struct, frozen=True, kw_only=True):
    """created | unchanged | updated | differs (an upgrade changed what the lock pins; see `changes`) | none."""

    path: str
    status: Literal["created", "unchanged", "updated", "differs", "none"]
    changes: list[str] = []


class RunResult(Result, frozen=True, kw_only=True):
    recipe: str
    steps: list[StepLine]
    gates: list[GateOutcome]
    releases: list[ReleaseLine]
    reports: list[str]
    changes: list[VerdictChange]
    lock: LockNote
    seconds: float

    @property
    def exit_code(self) -> int:
        """1 when a gate failed or could not be measured, or a release was held back."""
        return 1 if any(gate.status in (FAIL, ERROR) for gate in self.gates) else 0

    @property
    def ok(self) -> bool:
        return self.exit_code == 0

    def lines(self) -> list[str]:
        width = max((len(step.name) for step in self.steps), default=0)
        out = []
        for step in self.steps:
            counts = ", ".join(f"{name} {_number(value)}" for name, value in step.counts.items())
            said = "; ".join(part for part in (counts, step.why) if part)
            out.append(f"{step.status:7} {step.name:<{width}} {step.seconds:7.2f} s  {said}".rstrip())
        if self.gates:
            out += ["", "gates", *(f"  {line}" for gate in self.gates for line in gate.lines())]
        if self.changes:
            out += ["", "decisions that changed since the last run"]
            for change in self.changes:
                examples = ", ".join(change.examples)
                out.append(
                    f"  {change.dataset}: {change.count:,} {change.before} -> {change.after}, such as {examples}"
                )
        out += self._lock_lines()
        out += [f"report  {path}" for path in self.reports]
        out += [f"release {r.name}: {r.records:,} records in {r.path}" for r in self.releases]
        return [*out, f"{_verdict(self)} in {self.seconds:.2f} s"]

    def _lock_lines(self) -> list[str]:
        if self.lock.status == "differs":
            changes = [f"  {change}" for change in self.lock.changes]
            return ["", f"{self.lock.path} pins other versions:", *changes, "  accept them with --update-lock", ""]
        return [f"lock    {self.lock.path} {self.lock.status}"] if self.lock.status in ("created", "updated") else []


class PlannedStep(msgspec.Struct, frozen=True, kw_only=True):
    """run: its own inputs or outputs changed; maybe: it depends on a step that will run; cached: nothing to do.

    `takes`: records, bytes and memory, where the step can tell, on the rows there are now.
    """

    name: str
    status: Literal["run", "maybe", "cached", "skipped"]
    why: str
    takes: str = ""


class PlanResult(Result, frozen=True, kw_only=True):
    recipe: str
    steps: list[PlannedStep]

    def lines(self) -> list[str]:
        width = max((len(step.name) for step in self.steps), default=0)
        out = []
        for step in self.steps:
            out.append(f"{step.status:7} {step.name:<{width}}  {step.why}".rstrip())
            out += [f"{'':7} {'':{width}}  {step.takes}"] if step.takes else []
        running = sum(step.status in ("run", "maybe") for step in self.steps)
        return [*out, f"{running} of {len(self.steps)} steps to run" if running else "nothing to do"]


def _number(value: Any) -> str:
    if isinstance(value, dict):  # a dimension's score
        return "not measured" if value["share"] is None else f"{value['share']:.1%} of {value['judged']:,}"
    if value is None:
        return "not measured"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _verdict(result: RunResult) -> str:
    bad = [gate.name for gate in result.gates if gate.status in (FAIL, ERROR)]
    if bad:
        return f"{len(bad)} of {len(result.gates)} gates not passed: {', '.join(bad)}"
    warned = sum(gate.status == WARN for gate in result.gates) + (result.lock.status == "differs")
    done = "nothing to do" if all(step.status == CACHED for step in result.steps) else "done"
    return f"{done}, {warned} warnings" if warned else done
