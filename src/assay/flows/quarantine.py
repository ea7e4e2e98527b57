"""What could not be read, why, and reading it again after a fix."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from assay.core.errors import UserError
from assay.core.ids import fingerprint
from assay.core.results import Result as VerbResult
from assay.flows.ingest.gathering import Fragment
from assay.flows.ingest.results import Counts
from assay.flows.ingest.tables import Tables
from assay.flows.ingest.tasks import Part, Result, Settings, Task, decode_task
from assay.formats import Chunk, Item, Shape, expand, read, shape_of
from assay.records.schema import KIND_NAMES
from assay.store import QuarantineEntry, Workspace

_PREVIEW_BYTES = 160
_SHOWN = 5
_COLUMNAR = ("parquet", "arrow")
# What usually helps, by reason.
FIXES: dict[str, str] = {
    "unknown_kind": "say which kind: assay quarantine DATASET --retry --kind K --map ours=theirs",
    "missing_field": "name the field: assay quarantine DATASET --retry --map ours=theirs",
    "wrong_type": "correct the file, or map another field: --retry --map ours=theirs",
    "id_conflict": "take the newer content: assay quarantine DATASET --retry --on-conflict new-version",
    "invalid_utf8": "ingest the file with its encoding: --format csv:cp1252",
    "field_count": "correct the row in the file, then --retry",
    "unclosed_quote": "correct the row in the file, then --retry",
    "broken_json": "correct the record in the file, then --retry",
    "duplicate_keys": "correct the record in the file, then --retry",
    "nan": "write null, or leave the field out, in the file; then --retry",
    "record_too_long": "split the record; a newline is most often missing",
    "truncated_gz": "fetch the file again and ingest it again",
    "bad_length": "fetch the archive again; the records around it were read",
    "encrypted": "save the document without its password and ingest it again",
    "broken_pdf": "open and save the document again, or fetch it again",
    "broken_docx": "open and save the document again, or fetch it again",
    "truncated_zst": "fetch the file again and ingest it again",
}


class QuarantinedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One entry. `line` counts from 1 and is null where the format has none; `row` and `offset` count from 0."""

    id: int
    file: str
    line: int | None
    row: int | None
    offset: int | None
    length: int | None
    kind: str | None
    reason: str
    detail: str
    preview: str


class QuarantineResult(VerbResult, frozen=True, kw_only=True):
    """`entries` are those open now. After a retry: retried = added + duplicates + still quarantined."""

    dataset: str
    quarantined: int
    by_reason: dict[str, int]
    entries: list[QuarantinedRecord]
    retried: int = 0
    resolved: int = 0
    added: int = 0
    duplicates: int = 0
    versions: dict[str, int] = msgspec.field(default_factory=dict)

    def lines(self) -> list[str]:
        out: list[str] = []
        if self.retried:
            out.append(
                f"{self.dataset}: {self.retried:,} retried = {self.added:,} added + {self.duplicates:,} duplicates "
                f"+ {self.retried - self.resolved:,} still quarantined"
            )
        out.append(f"{self.dataset}: {self.quarantined:,} quarantined")
        for reason, count in self.by_reason.items():
            out.append(f"  {count:,} {reason}")
            mine = [entry for entry in self.entries if entry.reason == reason]
            for entry in mine[:_SHOWN]:
                place = entry.line if entry.line is not None else f"row {entry.row}"
                out.append(f"    {entry.file}:{place} byte {entry.offset}: {entry.detail}")
                if entry.preview:
                    out.append(f"      {entry.preview}")
            if len(mine) > _SHOWN:
                out.append(f"    and {len(mine) - _SHOWN:,} more")
            if reason in FIXES:
                out.append(f"    fix: {FIXES[reason].replace('DATASET', self.dataset)}")
        return out


def quarantine(
    ws: Workspace,
    dataset: str,
    *,
    retry: bool = False,
    kind: str | None = None,
    mapping: Mapping[str, str] | None = None,
    on_conflict: str | None = None,
    message: str | None = None,
) -> QuarantineResult:
    """The quarantined records of a dataset, explained; with `retry`, read again first.

    A retry starts from how each was ingested; `kind`, `mapping` and `on_conflict` change that. Where the bytes still
    give no record, the same place of the source file is read, in case it was corrected there. What passes is added (or
    known already) and leaves the list; the rest stays, once.
    """
    if kind not in (None, "auto", *KIND_NAMES) or on_conflict not in (None, "quarantine", "new-version"):
        raise UserError("E319", f"{kind if on_conflict is None else on_conflict!r} is not a word for this option")
    base, _, suffix = dataset.rpartition(".")
    only = suffix if base and suffix in KIND_NAMES else None
    base = base if only else dataset
    entries = ws.ledger.quarantine(base, kind=only)
    if not entries:
        ws.names(dataset)  # a name that is not there is an error, an empty quarantine is not
    if not retry or not entries:
        return _listed(ws, dataset, entries)
    run_id = ws.ledger.run_start("quarantine", {"dataset": dataset, "kind": kind, "mapping": dict(mapping or {})})
    again = _Retry(ws, base, kind, mapping, on_conflict, message, run_id, entries)
    try:
        result = again.run(dataset, only)
    except BaseException as error:
        ws.ledger.run_end(run_id, "failed", {"error": str(error).splitlines()[0] if str(error) else repr(error)})
        raise
    finally:
        again.tables.close()
    ws.ledger.run_end(run_id, "done", {"retried": result.retried, "resolved": result.resolved})
    return result


def _listed(ws: Workspace, dataset: str, entries: Sequence[QuarantineEntry], **facts: object) -> QuarantineResult:
    reasons = Counter(entry.reason for entry in entries)
    return QuarantineResult(
        dataset=dataset,
        quarantined=len(entries),
        by_reason=dict(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))),
        entries=[_record(ws, entry) for entry in entries],
        **facts,  # type: ignore[arg-type]  # the counts of a retry, by name
    )


def _record(ws: Workspace, entry: QuarantineEntry) -> QuarantinedRecord:
    raw = _raw(ws, entry, _PREVIEW_BYTES)
    text = raw.decode("utf-8", "backslashreplace")
    more = "..." if (entry.length or 0) > len(raw) else ""
    return QuarantinedRecord(
        id=entry.id or 0,
        file=entry.file,
        line=entry.options.get("line") or None,
        row=entry.row,
        offset=entry.offset,
        length=entry.length,
        kind=entry.kind,
        reason=entry.reason,
        detail=entry.detail,
        preview="".join(c if c.isprintable() else repr(c)[1:-1] for c in text) + more,
    )


def _raw(ws: Workspace, entry: QuarantineEntry, limit: int | None = None) -> bytes:
    if entry.sha256 is None:
        return b""
    length = entry.blob_length
    if limit is not None:
        length = min(limit, length if length is not None else limit)
    return ws.blobs.get(entry.sha256, entry.blob_offset or 0, length)


@dataclass
class _Try:
    """A result of reading an entry again, with the task that gave it."""

    task: Task
    result: Result

    def passed(self) -> bool:
        return bool(self.result.rows) and not self.result.bad


class _Retry:
    """One retry of all entries given."""

    def __init__(
        self,
        ws: Workspace,
        base: str,
        kind: str | None,
        mapping: Mapping[str, str] | None,
        on_conflict: str | None,
        message: str | None,
        run_id: str,
        entries: Sequence[QuarantineEntry],
    ) -> None:
        self.ws, self.kind, self.mapping, self.on_conflict, self.entries = ws, kind, mapping, on_conflict, entries
        key = fingerprint("retry", base, [entry.id for entry in entries], run_id)
        self.tables = Tables(ws, base, key, verb="quarantine", message=message, run_id=run_id)
        self.counts: dict[str, Counts] = {}
        self._files: dict[str, dict[int, Item]] = {}

    def run(self, dataset: str, only: str | None) -> QuarantineResult:
        fragment = Fragment(0)
        resolved: list[int] = []
        for entry in self.entries:
            settings = self._settings(entry)
            found = self._from_bytes(entry, settings)
            if found is None or not found.passed():
                found = self._from_file(entry, settings) or found
            if found is not None and found.passed() and self._take(fragment, entry, found):
                resolved.append(entry.id or 0)
        versions = self._commit(fragment)
        self.ws.ledger.quarantine_resolve(resolved, "read again")
        left = self.ws.ledger.quarantine(self.tables.base, kind=only)
        return _listed(
            self.ws,
            dataset,
            left,
            retried=len(self.entries),
            resolved=len(resolved),
            added=sum(counts.added for counts in self.counts.values()),
            duplicates=sum(counts.duplicates for counts in self.counts.values()),
            versions=versions,
        )

    def _settings(self, entry: QuarantineEntry) -> Settings:
        said = entry.options
        mapping = {**(said.get("mapping") or {}), **(self.mapping or {})}
        return Settings(
            self.kind or said.get("kind") or "auto",
            tuple(sorted(mapping.items())),
            said.get("domain"),
            said.get("origin"),
            said.get("license"),
        )

    def _task(self, entry: QuarantineEntry, raw: bytes) -> Task | None:
        reader = entry.options.get("reader")
        if not reader or not raw:
            return None
        columnar = reader["format"] in _COLUMNAR
        shape = Shape("jsonl") if columnar else Shape(reader["format"], reader["encoding"], reader["options"])
        # The first row of a file may be its header; a quarantined one never is.
        row = max(entry.row or 0, int(shape.format in ("csv", "tsv")))
        chunk = Chunk(
            shape,
            raw,
            np.array([len(raw)], np.int64).tobytes(),
            row,
            entry.options.get("line") or 1,
            entry.offset or 0,
            reader["extra"],
        )
        return Task((Part(chunk, entry.options.get("root", ""), entry.file, 0),), 0)

    def _from_bytes(self, entry: QuarantineEntry, settings: Settings) -> _Try | None:
        task = self._task(entry, _raw(self.ws, entry))
        return None if task is None else _Try(task, decode_task(settings, task))

    def _from_file(self, entry: QuarantineEntry, settings: Settings) -> _Try | None:
        """The record at the same place of the source as it is now; None where there is none, or the same one."""
        item = self._items(entry).get(entry.row or 0)
        if item is None or item.raw == _raw(self.ws, entry):
            return None
        task = self._task(entry, item.raw)
        return None if task is None else _Try(task, decode_task(settings, task))

    def _items(self, entry: QuarantineEntry) -> dict[int, Item]:
        """The sound records of the entry's file at places where something is quarantined; the file is read once."""
        uri = str(entry.options.get("uri", ""))
        if uri not in self._files:
            wanted = {other.row or 0 for other in self.entries if other.options.get("uri") == uri}
            self._files[uri] = dict(self._read(uri, entry, wanted))
        return self._files[uri]

    def _read(self, uri: str, entry: QuarantineEntry, wanted: set[int]) -> Iterator[tuple[int, Item]]:
        if not uri or uri == "-" or ("://" not in uri and not os.path.exists(uri)):
            return
        try:
            source = expand([uri]).sources[0]
            stream = source.stream()
            shape = shape_of(stream, source.path, entry.options.get("format"))
        except ValueError:  # gone, or no file of records any more: its entries stay as they are
            return
        for item in read(stream, shape):
            if isinstance(item, Item) and item.row in wanted:
                yield item.row, item
        stream.close()

    def _take(self, fragment: Fragment, entry: QuarantineEntry, found: _Try) -> bool:
        on_conflict = self.on_conflict or entry.options.get("on_conflict")
        for rows in found.result.rows:
            counts = self.counts.setdefault(rows.kind, Counts())
            clashes = len(fragment.bad)
            fragment.take(
                found.task,
                rows,
                self.tables.known(rows.kind),
                counts,
                new_version=on_conflict == "new-version",
                keep_raw=entry.options.get("raw") == "keep",
            )
            if len(fragment.bad) > clashes:
                return False
        return True

    def _commit(self, fragment: Fragment) -> dict[str, int]:
        versions: dict[str, int] = {}
        for kind in sorted(fragment.noted):
            job = self.tables.job(kind)
            job.write(0, fragment.batches(kind, self.ws.blobs), {})
            job.commit(self.counts[kind].plain())
            versions[self.tables.name(kind)] = self.tables.replace(kind)
        return versions
