"""Explain: a dataset in short, or one record with where it came from, what was measured, and why it was decided so."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import msgspec
import pyarrow.compute as pc

from assay.core.errors import UserError
from assay.core.results import Result
from assay.flows.explain_lines import dataset_lines, record_lines
from assay.flows.subjects import Chosen, choose
from assay.records import restore
from assay.rules import reason
from assay.rules.reason import placeholders
from assay.signals import SIGNALS
from assay.store import Workspace

SAMPLES = 5
TOP = 12


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a record came from. `row` is its 0-based position in the file, `offset` its byte offset there.

    `original`: its bytes as text, where they are kept (`raw_sha256` names the blob); null where the record itself
    gives them back.
    """

    path: str | None
    uri: str | None
    row: int | None
    offset: int | None
    length: int | None
    format: str | None
    raw_sha256: str | None
    original: str | None


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """`value` null with `measured` true is unknown; with `measured` false nothing was measured."""

    name: str
    value: Any
    measured: bool
    unit: str | None
    dimension: str | None


class FiredRule(msgspec.Struct, frozen=True, kw_only=True):
    """`verdict` is fired, or unknown where the rule could not be told."""

    rule: str
    action: str
    dimension: str | None
    verdict: str
    reason: str
    when: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    action: str
    ruleset: str
    ruleset_hash: str
    rules: list[FiredRule]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to the record at a version: added, changed (with the fields), removed, or a decision by rules."""

    version: int
    verb: str
    what: str
    created_at: str
    message: str
    action: str | None = None


class RecordFacts(msgspec.Struct, frozen=True, kw_only=True):
    dataset: str
    kind: str
    version: int
    record_id: str
    content_hash: str
    said: dict[str, Any]
    domain: str | None
    origin: str | None
    license: str | None
    place: Place
    signals: list[Measured]
    decision: Decision | None
    history: list[Event]


class SignalFacts(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    type: str
    unit: str | None
    dimension: str | None
    unmeasured_fragments: int


class DatasetFacts(msgspec.Struct, frozen=True, kw_only=True):
    """`domains` and `origins`: records by value, most first; at most 12, the rest under `...`."""

    dataset: str
    kind: str
    version: int
    versions: int
    verb: str
    message: str
    created_at: str
    rows: int
    domains: dict[str, int]
    origins: dict[str, int]
    signals: list[SignalFacts]
    decision: dict[str, Any] | None
    quarantined: int
    samples: list[str]


class ShowResult(Result, frozen=True, kw_only=True):
    """`record` when one was asked for, else `datasets`."""

    datasets: list[DatasetFacts] = msgspec.field(default_factory=list)
    records: list[RecordFacts] = msgspec.field(default_factory=list)

    def lines(self) -> list[str]:
        if self.records:
            return [line for record in self.records for line in record_lines(record)]
        return [line for dataset in self.datasets for line in dataset_lines(dataset)]


def show(ws: Workspace, dataset: str, record_id: str | None = None, *, ref: str | int | None = None) -> ShowResult:
    """Explain every dataset that DATASET or DATASET@REF covers, or one record in them.

    An id may be cut short while it is the only one that begins so. Errors: E101 unknown dataset, or no such record
    (with the nearest id); E404 a bad reference.
    """
    chosen = choose(ws, dataset, ref=ref)
    if record_id is None:
        return ShowResult(datasets=[_dataset(ws, one) for one in chosen])
    found = _records(ws, chosen, record_id)
    if not found:
        begun = sorted({name for one in chosen for name in _ids_beginning_with(one, record_id)})
        if len(begun) != 1:
            raise UserError("E101", f"no record {record_id!r} in {dataset}", fix=_nearest(chosen, begun, record_id))
        found = _records(ws, chosen, begun[0])
    return ShowResult(records=found)


def _records(ws: Workspace, chosen: list[Chosen], record_id: str) -> list[RecordFacts]:
    return [facts for one in chosen if (facts := _record(ws, one, record_id)) is not None]


def _ids_beginning_with(one: Chosen, start: str) -> list[str]:
    names: list[str] = []
    for batch in one.scan(["record_id"]):
        ids = batch.column("record_id")
        names += ids.filter(pc.starts_with(ids, start)).to_pylist()
    return names


def _nearest(chosen: list[Chosen], begun: list[str], record_id: str) -> str:
    """Other ids are looked at only up to 20,000: a suggestion is a courtesy."""
    if begun:
        return f"{len(begun):,} ids begin so; write more of one, such as {begun[0]!r}"
    known: list[str] = []
    for one in chosen:
        for batch in one.scan(["record_id"]):
            known += batch.column("record_id").slice(0, 20_000 - len(known)).to_pylist()
    near = get_close_matches(record_id, known, n=1)
    return f"did you mean {near[0]!r}?" if near else "leave the id out to see some"


def _dataset(ws: Workspace, one: Chosen) -> DatasetFacts:
    version = one.data.version(one.number)
    samples: list[str] = []
    shares: dict[str, dict[str, int]] = {"domain": {}, "origin": {}}
    for batch in one.scan(["record_id", "domain", "origin"]):
        samples += batch.column("record_id").slice(0, SAMPLES - len(samples)).to_pylist()
        for name, counts in shares.items():
            for entry in pc.value_counts(batch.column(name)).to_pylist():
                counts[entry["values"] or ""] = counts.get(entry["values"] or "", 0) + entry["counts"]
    decision = None
    if one.decisions is not None and one.ruleset is not None:
        counts = {"keep": 0, "drop": 0, "review": 0}
        for entry in pc.value_counts(one.decisions.column("action").combine_chunks()).to_pylist():
            counts[entry["values"]] = entry["counts"]
        decision = {"ruleset": one.ruleset.name, "ruleset_hash": one.ruleset.hash, **counts}
    base = one.name.rpartition(".")[0]
    return DatasetFacts(
        dataset=one.name,
        kind=one.kind,
        version=one.number,
        versions=one.data.head,
        verb=version.verb if version else "",
        message=version.message if version else "",
        created_at=version.created_at if version else "",
        rows=one.data.count(one.number),
        domains=_top(shares["domain"]),
        origins=_top(shares["origin"]),
        signals=[
            SignalFacts(
                name=name,
                type=str(column.type),
                unit=column.unit,
                dimension=_dimension(name),
                unmeasured_fragments=len(column.unmeasured_fragments),
            )
            for name, column in one.data.signals(one.number).items()
        ],
        decision=decision,
        quarantined=sum(entry.kind in (None, one.kind) for entry in ws.ledger.quarantine(base)),
        samples=samples,
    )


def _top(counts: Mapping[str, int]) -> dict[str, int]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rest = sum(rows for _, rows in ordered[TOP:])
    return {**dict(ordered[:TOP]), **({"...": rest} if rest else {})}


def _dimension(name: str) -> str | None:
    return SIGNALS.get(name).dimension if name in SIGNALS else None


def _record(ws: Workspace, one: Chosen, record_id: str) -> RecordFacts | None:
    signals = one.data.signals(one.number)
    fields = list(one.data.schema(one.number).names)
    columns = [*fields, *signals, *(f"measured:{name}" for name in signals)]
    rows = one.take([record_id], columns).to_pylist()
    if not rows:
        return None
    row = rows[0]
    return RecordFacts(
        dataset=one.name,
        kind=one.kind,
        version=one.number,
        record_id=record_id,
        content_hash=row["content_hash"],
        said=restore(one.kind, row),
        domain=row["domain"],
        origin=row["origin"],
        license=row["license"],
        place=_place(ws, row),
        signals=[
            Measured(
                name=name,
                value=_plain(row[name]),
                measured=bool(row[f"measured:{name}"]),
                unit=column.unit,
                dimension=_dimension(name),
            )
            for name, column in signals.items()
        ],
        decision=_decision(one, row),
        history=_history(ws, one, record_id),
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _place(ws: Workspace, row: Mapping[str, Any]) -> Place:
    source, raw = row["source"] or {}, row["raw"] or {}
    original = None
    if raw.get("sha256"):
        kept = ws.blobs.get(raw["sha256"])
        start = raw["offset"] or 0
        original = kept[start : start + (raw["length"] or 0)].decode("utf-8", "backslashreplace")
    return Place(
        path=source.get("path"),
        uri=source.get("uri"),
        row=source.get("row"),
        offset=source.get("offset"),
        length=raw.get("length"),
        format=source.get("format"),
        raw_sha256=raw.get("sha256"),
        original=original,
    )


def _decision(one: Chosen, row: Mapping[str, Any]) -> Decision | None:
    if one.decisions is None or one.ruleset is None:
        return None
    at = pc.index(one.decisions.column("record_id"), row["record_id"]).as_py()
    if at < 0:
        return None
    decided = one.decisions.slice(at, 1).to_pylist()[0]
    fired = []
    for name in sorted({*decided["rules"], *decided["unknown"]}):
        rule = one.ruleset[name]
        unknown = name in decided["unknown"]
        if unknown and name not in decided["rules"]:
            said = f"could not be told: {_missing(rule.expression.names, row)}"
        else:
            needed = {column: row.get(column) for column in (*rule.expression.names, *placeholders(rule.reason))}
            said = reason(rule, needed)
        fired.append(
            FiredRule(
                rule=name,
                action=rule.action,
                dimension=rule.dimension,
                verdict="fired" if name in decided["rules"] else "unknown",
                reason=said,
                when=rule.when,
            )
        )
    return Decision(action=decided["action"], ruleset=one.ruleset.name, ruleset_hash=one.ruleset.hash, rules=fired)


def _missing(names: tuple[str, ...], row: Mapping[str, Any]) -> str:
    return ", ".join(name for name in names if row.get(name) is None) + " unknown"


def _history(ws: Workspace, one: Chosen, record_id: str) -> list[Event]:
    """Versions up to this one at which the record came, changed or went; and every decision about it."""
    events: list[Event] = []
    before: str | None = None
    for version in one.data.versions():
        if version.number > one.number:
            break
        rows = one.data.take([record_id], columns=["content_hash"], ref=version.number).to_pylist()
        now = rows[0]["content_hash"] if rows else None
        what = _what(before, now)
        if what:
            if what == "changed":
                what = "changed: " + ", ".join(_changed(one, version.parent, version.number, record_id))
            events.append(_event(version, what))
        before = now
        for saved in ws.ledger.decisions(one.name, version.number):
            action = _action_in(ws, one.name, version.number, saved.ruleset, record_id)
            if action is not None:
                events.append(_event(version, f"decided by {saved.ruleset[:10]}", action))
    return events


def _event(version: Any, what: str, action: str | None = None) -> Event:
    return Event(
        version=version.number,
        verb=version.verb if action is None else "decide",
        what=what,
        created_at=version.created_at,
        message=version.message,
        action=action,
    )


def _what(before: str | None, now: str | None) -> str:
    if before == now:
        return ""
    if before is None:
        return "added"
    return "removed" if now is None else "changed"


def _changed(one: Chosen, a: int, b: int, record_id: str) -> list[str]:
    old, new = (one.data.take([record_id], ref=number).to_pylist()[0] for number in (a, b))
    return [name for name in new if name not in ("content_hash", "text") and old.get(name) != new[name]]


def _action_in(ws: Workspace, dataset: str, number: int, ruleset: str, record_id: str) -> str | None:
    table = ws.load_decisions(dataset, number, ruleset)
    if table is None:
        return None
    at = pc.index(table.column("record_id"), record_id).as_py()
    return None if at < 0 else str(table.column("action")[at].as_py())
