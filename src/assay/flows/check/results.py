"""What `assay check` returns: plain structs that print well and become one JSON object."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from assay.core.results import Result

Severity = Literal["error", "warning", "note"]

# One error outranks nine warnings and one warning nine notes: severity x records orders the list.
WEIGHTS: dict[Severity, int] = {"error": 100, "warning": 10, "note": 1}

OK, FAILED, NOTHING_READ = 0, 1, 5


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Records that one rule names.

    `count` is a number of records, `share` its part of all records read, `examples` up to three places
    (`file:line`, lines from 1; `file:row N` where a format has no lines) and `why` what was seen at each.
    `new` is the number of findings that the baseline does not hold; null without a baseline. `places` are all
    places (the first 10,000), for JUnit; they are left out of the JSON.
    """

    rule: str
    dimension: str
    severity: Severity
    count: int
    share: float
    examples: list[str]
    why: list[str]
    what: str
    fix: str
    kinds: dict[str, int] = msgspec.field(default_factory=dict)
    new: int | None = None
    places: list[str] = msgspec.field(default_factory=list)

    @property
    def score(self) -> int:
        return WEIGHTS[self.severity] * self.count

    @property
    def failing(self) -> bool:
        """Errors fail; with a baseline, only errors that it does not hold."""
        return self.severity == "error" and (self.count if self.new is None else self.new) > 0


class NotMeasured(msgspec.Struct, frozen=True, kw_only=True):
    """Something that this run says nothing about: never counted as passing."""

    what: str
    kinds: list[str]
    why: str
    fix: str = ""


class FileRead(msgspec.Struct, frozen=True, kw_only=True):
    """One input file: how it was read and what was in it. `why` is the reason for each kind."""

    path: str
    format: str
    records: int
    unreadable: int
    kinds: dict[str, int]
    why: dict[str, str]
    bytes: int


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """Token totals. `exact` is true only when a tokenizer was given; an estimate says how it was made.

    `total` counts the text of every record, `trained` the part a trainer that masks prompts learns from.
    `truncated` and `zero` are numbers of records at `max_length`; null without one.
    """

    exact: bool
    method: str
    total: int
    trained: int
    by_kind: dict[str, int]
    median: int
    p99: int
    longest: int
    longest_at: str
    max_length: int | None = None
    truncated: int | None = None
    zero: int | None = None


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """A fault planted in copies of the user's records: `caught` of `planted` were named by `rule` itself.

    A fault that could not be planted has planted 0 and says why; it is never counted as caught.
    """

    fault: str
    kind: str
    rule: str
    planted: int
    caught: int
    why: str = ""
    missed: list[str] = msgspec.field(default_factory=list)


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """How the findings compare with the baseline file."""

    path: str
    written: bool
    known: int
    new: int
    gone: int


class CheckResult(Result, frozen=True, kw_only=True):
    """The answer of `assay check`.

    `records` counts everything read: the kinds add up to records - unreadable.
    """

    kinds: dict[str, int]
    records: int
    unreadable: int
    problems: list[Problem]
    not_measured: list[NotMeasured]
    tokens: Tokens | None
    proof: list[Proof] = msgspec.field(default_factory=list)
    baseline: Baseline | None = None
    files: list[FileRead] = msgspec.field(default_factory=list)
    eval_records: int | None = None
    eval_files: list[str] = msgspec.field(default_factory=list)
    checks: list[str] = msgspec.field(default_factory=list)
    bytes: int = 0
    next: str = ""  # a command

    @property
    def status(self) -> Literal["ok", "failed", "nothing read"]:
        """`failed` where a rule of severity error names a record (a new one, with a baseline) or a proof missed."""
        if self.records == 0:
            return "nothing read"
        missed = any(p.caught < p.planted for p in self.proof)
        return "failed" if missed or any(p.failing for p in self.problems) else "ok"

    @property
    def exit_code(self) -> int:
        return {"ok": OK, "failed": FAILED, "nothing read": NOTHING_READ}[self.status]

    def as_json(self) -> dict[str, Any]:
        body = super().as_json()
        for problem in body["problems"]:
            del problem["places"]
        return {**body, "status": self.status}

    def lines(self, *, width: int = 100) -> list[str]:
        from assay.flows.check.render import plain

        return plain(self, width)

    def __rich__(self) -> Any:
        from assay.flows.check.render import rich_text

        return rich_text(self)


def rank(problems: list[Problem]) -> list[Problem]:
    """Severity x records, most first; equal scores by severity, then by name."""
    return sorted(problems, key=lambda p: (-p.score, -WEIGHTS[p.severity], p.rule))
