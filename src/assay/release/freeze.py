"""Freeze selections into a release folder: data files, manifest, card. The same records give the same bytes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from assay.core.errors import UnknownName, UserError
from assay.core.ids import sha256_hex
from assay.formats.write_messages import CHAT_FORMS, MessagesWriter
from assay.records.schema import PAYLOADS, SCHEMA_VERSION
from assay.release.card import card
from assay.release.files import (
    BySplit,
    Encode,
    FileFact,
    JsonForms,
    JsonLines,
    Parquet,
    Sharding,
    released_schema,
    split_name,
)
from assay.release.lines import line_encoder
from assay.release.manifest import (
    CARD,
    CHECKSUM,
    MANIFEST,
    RUN,
    DatasetFact,
    GateFact,
    Manifest,
    RulesetFact,
    SignalFact,
    SourceFact,
    checksum_line,
    run_file,
)
from assay.release.order import Order, Scan, order_of, stream
from assay.release.place import is_free, move_in, staging
from assay.release.verify import verify

FORMATS = ("jsonl", "parquet", "messages")
DEFAULT_FORMATS = ("jsonl", "parquet")
DEFAULT_SHARDING = Sharding()
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)


@dataclass(frozen=True)
class Part:
    """One dataset's share of a release. `scan` gives the same rows in the same order each time it is called.

    decisions: record_id, action, rules of every row; None releases all of them.
    """

    dataset: str
    kind: str
    schema: pa.Schema
    scan: Scan
    digest: str
    decisions: pa.Table | None = None
    ruleset: RulesetFact | None = None
    signals: Sequence[SignalFact] = ()
    scorecard: Mapping[str, dict[str, Any]] = field(default_factory=dict)


class Frozen(msgspec.Struct, frozen=True, kw_only=True):
    """`written` is false where the folder held this very release already."""

    path: str
    manifest: Manifest
    manifest_sha256: str
    written: bool


def freeze(
    name: str,
    parts: Sequence[Part],
    out: Path,
    *,
    formats: Sequence[str] = DEFAULT_FORMATS,
    gates: Sequence[GateFact] = (),
    run: Mapping[str, Any] | None = None,
    sharding: Sharding = DEFAULT_SHARDING,
) -> Frozen:
    """Write release `name` to folder `out`. `run` are clock facts, for run.json only.

    Errors: E101 unknown format; E501 nothing kept; E502 a record without decision; E503 `out` holds something
    else; E505 no dataset has a chat form; E506 a name that is no file name.
    """
    _check(name, parts, formats)
    ordered = sorted(parts, key=lambda part: part.dataset)
    orders = [order_of(part.scan, part.decisions, dataset=part.dataset) for part in ordered]
    if not any(order.kept for order in orders):
        rows = sum(order.rows for order in orders)
        raise UserError("E501", f"none of {rows:,} records is kept", fix="see why: assay report DATASET -o report.html")
    with staging(out) as folder:
        manifest = _write(name, list(zip(ordered, orders, strict=True)), folder, formats, gates, sharding)
        data = manifest.encode()
        (folder / MANIFEST).write_bytes(data)
        (folder / CHECKSUM).write_bytes(checksum_line(data))
        (folder / RUN).write_bytes(run_file(dict(run or {}), data))
        written = _place(folder, out, data)
    return Frozen(path=str(out), manifest=manifest, manifest_sha256=sha256_hex(data), written=written)


def _check(name: str, parts: Sequence[Part], formats: Sequence[str]) -> None:
    if not _NAME.fullmatch(name):
        raise UserError("E506", f"{name!r} is no release name", fix="letters, digits, '.', '_' and '-'")
    if len({part.dataset for part in parts}) != len(parts):
        raise UserError("E506", "a dataset is named twice", fix="name each --from once, at one version")
    for form in formats:
        if form not in FORMATS:
            raise UnknownName("release format", form, FORMATS)
    if set(formats) == {"messages"} and not any(part.kind in CHAT_FORMS for part in parts):
        kinds = ", ".join(sorted({part.kind for part in parts}))
        raise UserError(
            "E505", f"no chat form for {kinds}", fix=f"--format jsonl, or datasets of kind {', '.join(CHAT_FORMS)}"
        )


def _place(folder: Path, out: Path, manifest: bytes) -> bool:
    if is_free(out):
        move_in(folder, out)
        return True
    there = out / MANIFEST
    if not there.is_file():
        raise UserError("E503", f"{out} holds files that are no release", fix="give a new or empty -o folder")
    if there.read_bytes() != manifest:
        raise UserError("E503", f"{out} holds another release", fix="give a new -o folder, or remove the old one")
    found = verify(out)
    if not found.ok:
        first = found.problems[0]
        raise UserError(
            "E503",
            f"{out} holds this release, altered: {first.path} ({first.problem})",
            fix=f"assay verify {out} names all; remove the folder to write it again",
        )
    return False


def _write(
    name: str, parts: list[tuple[Part, Order]], folder: Path, formats: Sequence[str], gates: Sequence[GateFact],
    sharding: Sharding,
) -> Manifest:  # fmt: skip
    files: list[FileFact] = []
    datasets: list[DatasetFact] = []
    for part, order in parts:
        facts, written = _write_part(part, order, folder, formats, sharding)
        datasets.append(facts)
        files += written
    rulesets = {part.ruleset.hash: part.ruleset for part, _ in parts if part.ruleset}
    manifest = Manifest(
        name=name,
        records=sum(fact.kept for fact in datasets),
        datasets=datasets,
        files=sorted(files),
        sources=[source for part, order in parts for source in _sources(part, order)],
        rulesets=[rulesets[key] for key in sorted(rulesets)],
        signals=sorted((s for part, _ in parts for s in part.signals), key=lambda s: (s.dataset, s.name)),
        gates=list(gates),
        schema_version=SCHEMA_VERSION,
        schema={part.kind: [[f.name, str(f.type)] for f in released_schema(part.schema)] for part, _ in parts},
        tools={tool: version(tool) for tool in ("assay", "duckdb", "pyarrow", "pylance")},
    )
    text = card(manifest).encode()
    (folder / CARD).write_bytes(text)
    described = FileFact(CARD, "card", "", "", 0, len(text), sha256_hex(text))
    return msgspec.structs.replace(manifest, files=[described, *manifest.files])


def _write_part(
    part: Part, order: Order, folder: Path, formats: Sequence[str], sharding: Sharding
) -> tuple[DatasetFact, list[FileFact]]:
    chat = MessagesWriter(part.kind, list(PAYLOADS[part.kind])) if part.kind in CHAT_FORMS else None
    schema = released_schema(part.schema)
    encoders: dict[str, Encode] = {}
    if "jsonl" in formats:
        encoders["jsonl"] = line_encoder(part.kind)
    if "messages" in formats and chat is not None:
        encoders["messages"] = chat.encode

    def json_forms(split: str) -> JsonForms:
        return JsonForms([JsonLines(folder, f, part.dataset, split, e, sharding) for f, e in encoders.items()])

    def parquet(split: str) -> Parquet:
        return Parquet(folder, "parquet", part.dataset, split, schema, sharding)

    sinks = [BySplit(json_forms)] if encoders else []
    if "parquet" in formats:
        sinks.append(BySplit(parquet))
    shares: dict[str, Counter[str]] = {name: Counter() for name in ("domain", "origin", "license", "split")}
    for batch in stream(part.scan, order, spill=folder):
        for name, counter in shares.items():
            _count(counter, batch.column(name))
        for sink in sinks:
            sink.write(batch.select(part.schema.names))
    files = [fact for sink in sinks for fact in sink.close()]
    splits: Counter[str] = Counter()
    for value, rows in shares["split"].items():
        splits[split_name(value)] += rows
    fact = DatasetFact(
        dataset=part.dataset,
        kind=part.kind,
        rows=order.rows,
        kept=order.kept,
        dropped=order.counts["drop"],
        review=order.counts["review"],
        digest=part.digest,
        ruleset=part.ruleset.hash if part.ruleset else None,
        by_rule=_by_rule(part.decisions),
        domains=dict(shares["domain"]),
        origins=dict(shares["origin"]),
        licenses=dict(shares["license"]),
        splits=dict(splits),
        scorecard=dict(part.scorecard),
        messages=None if "messages" not in formats else (chat.loss.as_json() if chat else _no_chat(part, order)),
    )
    return fact, files


def _no_chat(part: Part, order: Order) -> dict[str, Any]:
    return {
        "written": 0,
        "skipped": {f"no chat form for kind {part.kind}": order.kept},
        "fields_lost": {},
        "turn_members": [],
    }


def _count(counter: Counter[str], column: pa.Array) -> None:
    for entry in pc.value_counts(column).to_pylist():
        counter[entry["values"] or ""] += entry["counts"]


def _by_rule(decisions: pa.Table | None) -> dict[str, int]:
    if decisions is None or decisions.num_rows == 0:
        return {}
    fired = pc.list_flatten(decisions.column("rules").combine_chunks())
    return {entry["values"]: entry["counts"] for entry in pc.value_counts(fired).to_pylist()}


def _sources(part: Part, order: Order) -> Iterator[SourceFact]:
    for source in order.sources:
        yield SourceFact(
            dataset=part.dataset,
            path=source.path,
            revision=source.revision,
            digest=source.digest,
            rows=source.rows,
            kept=source.kept,
        )
