"""From findings to the ranked list: what each rule means, three places, and the command that fixes or explains it."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from assay.flows.check.analyse import DUPLICATE_ID, OVERLAPS, TRUNCATED, UNREADABLE, ZERO_LOSS, Analysis
from assay.flows.check.findings import EXAMPLES, File
from assay.flows.check.profile import profile, ruleset
from assay.flows.check.results import Problem, Severity, rank
from assay.formats.sniff import name_of

PLACES = 10_000  # named per rule in a JUnit file


@dataclass(frozen=True, slots=True)
class Own:
    """A check that is no rule: it needs ids, an evaluation set, a tokenizer, or bytes that are no record."""

    dimension: str
    severity: Severity
    what: str


OWN: dict[str, Own] = {
    DUPLICATE_ID: Own("uniqueness", "error", "the id of an earlier record with other content; an ingest takes one"),
    OVERLAPS["text"]: Own(
        "uniqueness", "error", "the evaluation set holds this text (case, spaces and punctuation aside)"
    ),
    OVERLAPS["prompt"]: Own("uniqueness", "error", "the evaluation set asks the same, with another answer"),
    OVERLAPS["ngrams"]: Own(
        "uniqueness", "warning", "at least half of an evaluation item's 13-grams (8 to 12 words: all) stand in it"
    ),
    ZERO_LOSS: Own("completeness", "error", "with prompts masked, a trainer learns nothing from it"),
    TRUNCATED: Own("completeness", "warning", "longer than --max-length: a trainer cuts its end off"),
}
# Rules whose reason names a value of the record: what they mean without one.
_WHAT = {
    "exact_duplicate": "the same content as an earlier record",
    "same_text": "the same text as an earlier record but for case, spaces and punctuation",
    "missing_fields": "fields that training on this kind needs are not filled",
}
_UNREADABLE = {
    "file": "no reader knows this file",
    "unknown_kind": "its fields fit no kind of record; say which field is what",
    "missing_field": "a field that its kind cannot do without is missing",
    "wrong_type": "a field holds another type than its kind needs",
}


@dataclass(frozen=True, slots=True)
class Call:
    """How `check` was called, for commands that work when pasted."""

    files: Sequence[str]
    eval: Sequence[str] = ()
    max_length: int | None = None
    kind: str = "auto"
    mapping: Mapping[str, str] = field(default_factory=dict)
    format: str | None = None
    rules: tuple[str, ...] = ()  # beside the default ones

    @property
    def check(self) -> str:
        more = "".join(f" --rules {shlex.quote(name)}" for name in self.rules)
        return f"assay check {self.paths}{self._options}{more}"

    @property
    def ingest(self) -> str:
        return f"assay ingest {self.dataset} {self.paths}{self._options}"

    def only(self, files: Sequence[File], source: int) -> Call:
        """The same call on one of its files: how a file is read is a matter of that file."""
        return replace(self, files=[files[source].path]) if len(files) > 1 else self

    @property
    def _options(self) -> str:
        """How the files are read, which every other verb must be told as well."""
        said = [f"--kind {self.kind}"] if self.kind != "auto" else []
        said += [f"--format {shlex.quote(self.format)}"] if self.format else []
        said += [f"--map {shlex.quote(f'{ours}={theirs}')}" for ours, theirs in sorted(self.mapping.items())]
        return "".join(f" {one}" for one in said)

    @property
    def paths(self) -> str:
        shown = " ".join(shlex.quote(str(file)) for file in self.files[:3])
        return shown + (" ..." if len(self.files) > 3 else "")

    @property
    def dataset(self) -> str:
        """A name for a dataset made from these files."""
        stem = PurePath(name_of(str(self.files[0]))).stem if len(self.files) == 1 else ""
        return re.sub(r"[^a-z0-9_]+", "_", stem.lower()).strip("_") or "data"


def checks_for(kinds: Sequence[str], named: tuple[str, ...], *, eval: bool, max_length: bool) -> list[str]:
    """The names of all checks that ran on these kinds, sorted."""
    names = {rule.name for kind in kinds for rule in profile(kind, named).rules if rule.action != "keep"}
    names |= {DUPLICATE_ID, ZERO_LOSS} | (set(OVERLAPS.values()) if eval else set())
    return sorted(names | ({TRUNCATED} if max_length else set()))


def problems(analysis: Analysis, call: Call, new: Mapping[str, Mapping[str, int]] | None = None) -> list[Problem]:
    """Every rule that named a record, worst first. `new`: findings that a baseline does not hold."""
    findings = analysis.findings
    found = []
    for rule, bad in sorted(findings.unreadable.items()):
        bad.sort(key=lambda one: (one.source, one.place))
        at = [findings.place(one.source, one.place) for one in bad[:PLACES]]
        what = _UNREADABLE.get(rule.removeprefix(UNREADABLE), f"cannot be read: {_words(rule)}")
        found.append(
            Problem(
                rule=rule,
                dimension="validity",
                severity="error",
                count=len(bad),
                share=min(1.0, len(bad) / max(analysis.records, 1)),
                examples=at[:EXAMPLES],
                why=[one.detail for one in bad[:EXAMPLES]],
                what=what,
                fix=_unreadable_fix(rule, analysis, call, call.only(findings.files, bad[0].source)),
                new=None if new is None else sum(new.get(rule, {}).values()),
                places=at,
            )
        )
    for rule in sorted(findings.hits):
        places = list(findings.in_order(rule))
        near = call.only(findings.files, places[0][0])
        dimension, severity, what, fix = _about(rule, analysis.rules, call, near)
        shown = [(kind, n) for _, _, kind, n in places[:EXAMPLES]]
        found.append(
            Problem(
                rule=rule,
                dimension=dimension,
                severity=severity,
                count=len(places),
                share=len(places) / analysis.records,
                examples=[findings.at(kind, n) for kind, n in shown],
                why=[findings.said.get((rule, kind, n), "") for kind, n in shown],
                what=what,
                fix=fix,
                kinds=dict(Counter(kind for _, _, kind, _ in places)),
                new=None if new is None else sum(new.get(rule, {}).values()),
                places=[findings.at(kind, n) for _, _, kind, n in places[:PLACES]],
            )
        )
    return rank(found)


def severity_of(rule: str, named: tuple[str, ...]) -> Severity:
    if rule.startswith(UNREADABLE):
        return "error"
    return OWN[rule].severity if rule in OWN else _level(ruleset(named)[rule].severity)


def _about(name: str, named: tuple[str, ...], call: Call, near: Call) -> tuple[str, Severity, str, str]:
    if name in OWN:
        own = OWN[name]
        return own.dimension, own.severity, own.what, _own_fix(name, call)
    rule = ruleset(named)[name]
    what = _WHAT.get(name) or re.sub(r"\{\w+\}", "…", rule.reason or rule.when)
    what = f"{what}; {rule.fix}" if rule.fix else what
    return rule.dimension, _level(rule.severity), what, _rule_fix(name, named, rule.action, call, near)


def _level(severity: str) -> Severity:
    levels: dict[str, Severity] = {"error": "error", "warning": "warning", "note": "note"}
    return levels[severity]


def _set_of(name: str, named: tuple[str, ...]) -> str:
    """The set of rules that a rule of the merged ones came from: the first that leads to it."""
    return next(one for i, one in enumerate(named) if name in {rule.name for rule in ruleset(named[: i + 1]).rules})


def _rule_fix(name: str, named: tuple[str, ...], action: str, call: Call, near: Call) -> str:
    if name == "missing_fields":
        return f"{near.check} --map OURS=THEIRS"
    if action == "warn":
        return f"{call.check} --junit {name}.xml  # names every line"
    # Deciding drops or sets aside what the rule names, keeps every record readable, and can be taken back.
    return f"{call.ingest} && assay decide {call.dataset} --rules {shlex.quote(_set_of(name, named))}"


def _own_fix(name: str, call: Call) -> str:
    if name == DUPLICATE_ID:
        return f"{call.ingest} && assay quarantine {call.dataset}"
    if name in OVERLAPS.values():
        against = " ".join(f"--eval {shlex.quote(str(path))}" for path in call.eval)
        return f"{call.check} {against} --junit overlap.xml  # names every line; take them out"
    if name == TRUNCATED:
        return f"{call.check} --max-length {2 * (call.max_length or 1)}  # or shorten what is longest"
    length = f" --max-length {call.max_length}" if call.max_length else ""
    return f"{call.check}{length} --junit empty.xml  # names every line; fill the answers or take them out"


def _unreadable_fix(rule: str, analysis: Analysis, call: Call, near: Call) -> str:
    reason = rule.removeprefix(UNREADABLE)
    if reason == "invalid_utf8":
        name = analysis.findings.files[analysis.findings.unreadable[rule][0].source].format
        return f"assay check {near.paths} --format {name}:cp1252  # if it was written in another encoding"
    if reason == "file":
        return f"assay check {near.paths} --format jsonl  # or csv, tsv, json, parquet, arrow, text"
    fields = analysis.fields.get(reason, ())
    if reason in ("unknown_kind", "missing_field") and fields:
        maps = " ".join(f"--map {shlex.quote('OURS=' + field)}" for field in fields[:2])
        return f"{near.check} {'' if call.kind != 'auto' else '--kind KIND '}{maps}"
    return f"{call.ingest} && assay quarantine {call.dataset}  # keeps the rest"


def _words(rule: str) -> str:
    return rule.removeprefix(UNREADABLE).replace("_", " ")
