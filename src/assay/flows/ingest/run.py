"""The verb: files to rows of versioned datasets. Every record is added, known already, or quarantined with a reason."""

from __future__ import annotations

import os
import shutil
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from assay.core.arrow import BATCH_BYTES, FRAGMENT_BYTES
from assay.core.errors import UserError
from assay.core.ids import fingerprint
from assay.engine import Progress, default_workers
from assay.engine import run as run_engine
from assay.flows.ingest.cutting import Cutter, opened, weight
from assay.flows.ingest.gathering import Fragment, load_noted, save_noted
from assay.flows.ingest.noting import Quarantine
from assay.flows.ingest.results import Counts, IngestResults, SkippedFile, summary
from assay.flows.ingest.tables import Tables
from assay.flows.ingest.tasks import (
    Result,
    Settings,
    Task,
    crashed,
    decode_task,
    join_results,
    options_of,
)
from assay.formats import RECORD_BYTES, Listing, expand
from assay.records.schema import KIND_NAMES, ORIGINS, SCHEMA_VERSION
from assay.store import Workspace

# Part of the key under which unfinished work is resumed: raise it when staged fragments would come out differently.
_CODE = 1
# Below this, starting processes (about a second) costs more than they save; what comes out is the same.
INLINE_BYTES = 16 << 20
_TIMEOUT_S = 600.0  # for one batch of records; a decoder needs well under one second


def ingest(
    ws: Workspace,
    dataset: str,
    sources: Sequence[str | os.PathLike[str]] | Listing,
    *,
    kind: str = "auto",
    domain: str | None = None,
    origin: str | None = None,
    license: str | None = None,
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    on_conflict: str = "quarantine",
    raw: str = "auto",
    message: str | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    batch_bytes: int = BATCH_BYTES,
    fragment_bytes: int = FRAGMENT_BYTES,
    record_bytes: int = RECORD_BYTES,
    decode: Callable[[Settings, Task], Result] = decode_task,
) -> IngestResults:
    """Read `sources` (files, folders, globs, "-", fsspec URLs, or some files of a listing) into tables: `tickets.qa`.

    Args
        dataset: its name; each kind has its own table under it.
        kind: of all records, or "auto": each record's own, told from its fields.
        domain, origin, license: for records that do not carry one.
        format: see `formats.shape_of`; told from name and content without it.
        mapping: `records.parse_map`'s.
        on_conflict: a known id with other content is quarantined, or becomes that record's "new-version".
        raw: original bytes are kept where the columns do not give them back ("auto"), or always ("keep").
        workers, batch_bytes: do not change what comes out. fragment_bytes: of input per stored fragment.
        record_bytes: a longer record is quarantined.

    read = added + duplicates + quarantined, in all and per dataset; checked. After a kill, the same call goes on
    from the last staged fragment. Raises UserError E311-E319 before anything is committed.
    """
    _check_words(kind, origin, on_conflict, raw)
    base, _, suffix = dataset.rpartition(".")
    if base and suffix in KIND_NAMES:
        kind = suffix if kind == "auto" else kind
    else:
        base = dataset
    settings = Settings(kind, tuple(sorted((mapping or {}).items())), domain, origin, license)
    listing = sources if isinstance(sources, Listing) else expand(sources)
    named = (
        [one.uri for one in listing.sources] if isinstance(sources, Listing) else [os.fspath(one) for one in sources]
    )
    wanted = {"dataset": base, "sources": named}
    run_id = ws.ledger.run_start("ingest", {**wanted, **options_of(settings, format, on_conflict, raw)})
    with ExitStack() as stack:
        one = _Ingest(
            ws, base, settings, listing, options_of(settings, format, on_conflict, raw), message, run_id, fragment_bytes
        )
        stack.callback(one.tables.close)
        try:
            result = one.run(workers, progress, batch_bytes, record_bytes, decode)
        except BaseException as error:
            ws.ledger.run_end(run_id, "failed", {"error": str(error).splitlines()[0] if str(error) else repr(error)})
            raise
    ws.ledger.run_end(run_id, "done", result.as_json())
    return result


def _check_words(kind: str, origin: str | None, on_conflict: str, raw: str) -> None:
    for name, value, words in (
        ("--kind", kind, ("auto", *KIND_NAMES)),
        ("--origin", origin, (None, *ORIGINS)),
        ("--on-conflict", on_conflict, ("quarantine", "new-version")),
        ("--raw", raw, ("auto", "keep")),
    ):
        if value not in words:
            known = ", ".join(word for word in words if word)
            raise UserError("E319", f"{value!r} is not a word for {name}", at=name, fix=f"one of {known}")


class _Ingest:
    """One run of the verb."""

    def __init__(
        self,
        ws: Workspace,
        base: str,
        settings: Settings,
        listing: Listing,
        options: dict[str, Any],
        message: str | None,
        run_id: str,
        fragment_bytes: int,
    ) -> None:
        self.ws, self.base, self.settings, self.listing = ws, base, settings, listing
        self.options, self.run_id, self.fragment_bytes = options, run_id, fragment_bytes
        self.started = time.perf_counter()
        self.new_version = options["on_conflict"] == "new-version"
        self.keep_raw = options["raw"] == "keep"
        self.key = self._key()
        self.folder = ws.path / "ingest" / self.key
        self.tables = Tables(ws, base, self.key, verb="ingest", message=message, run_id=run_id)
        self.counts: dict[str, Counts] = {}
        self.why: dict[str, str] = {}
        self.read = 0
        self.row_bases: dict[int, int] = {}
        self.quarantine = Quarantine(ws, base, self.key, options, listing.sources)
        self.first_fragment = 0

    def _key(self) -> str:
        stamps = [(source.path, source.uri, list(map(str, source.stamp()))) for source in self.listing.sources]
        if any(not stamp or stamp[-1] in ("", "None") for _, _, stamp in stamps):
            return uuid.uuid4().hex  # what cannot be told apart from another input is never resumed
        return fingerprint(
            self.base,
            self.options,
            stamps,
            self.fragment_bytes,
            _CODE,
            SCHEMA_VERSION,
            self.new_version and self.run_id,
        )

    def run(
        self,
        workers: int | None,
        progress: Progress | None,
        batch_bytes: int,
        record_bytes: int,
        decode: Callable[[Settings, Task], Result],
    ) -> IngestResults:
        files, skipped = opened(self.listing, self.options["format"])
        self._open_known_jobs()
        cutter = Cutter(files, self.folder, batch_bytes, self.fragment_bytes, record_bytes)
        if progress is not None:
            sizes = [file.source.size for file in files]
            progress.start(f"ingest {self.base}", sum(filter(None, sizes)) if None not in sizes else None)
        size = sum(file.source.size or INLINE_BYTES for file in files)
        count = workers or default_workers()
        results = run_engine(
            partial(decode, self.settings),
            (task for task in cutter.tasks() if task.fragment >= self.first_fragment),
            workers=count,
            mode="processes" if size >= INLINE_BYTES and count > 1 else "inline",
            timeout_s=_TIMEOUT_S,
            split=Task.pieces,
            join=join_results,
            on_crash=partial(crashed, self.settings),
            progress=partial(self._arrived, progress),
        )
        fragment: Fragment | None = None
        for result in results:
            task = self.task
            if fragment is None or task.fragment != fragment.number:
                if fragment is not None:
                    self._stage(fragment)
                fragment = self._begin(task.fragment)
            self._take(fragment, task, result)
        if fragment is not None:
            self._stage(fragment)
        cutter.check_unchanged()
        if progress is not None:
            progress.close()
        return self._finish(cutter, skipped)

    def _arrived(self, progress: Progress | None, task: Task, result: Result) -> None:
        self.task = task
        if progress is not None:
            progress.add(rows=result.read, bytes=sum(weight(part.chunk) for part in task.parts))

    # What is known already, and what a killed run left.

    def _open_known_jobs(self) -> None:
        """Lock the datasets there are; go on after the last fragment that a killed run of the same work staged."""
        for kind in self.tables.kinds_there():
            self.tables.job(kind)
        staged = {kind: {one.index: one.state for one in job.staged} for kind, job in self.tables.jobs.items()}
        last = max((index for states in staged.values() for index in states), default=None)
        if last is None:
            return
        # The last fragment may lack one of its kinds: it is decoded again, and what is there is not written twice.
        before = next(states[last]["before"] for states in staged.values() if last in states)
        for kind, states in staged.items():
            for index, state in sorted(states.items()):
                if index < last and not load_noted(self.tables.known(kind), self._notes(kind, index), state["noted"]):
                    self.tables.start_over()
                    return
        self.first_fragment, self.read = last, before["read"]
        self.counts = {kind: Counts(**counts) for kind, counts in before["counts"].items()}
        self.row_bases = {int(source): row for source, row in before["rows"].items()}
        self.why = before["why"]
        self.quarantine.resume(before["quarantine"])

    def _notes(self, kind: str, fragment: int) -> Path:
        return self.folder / f"{kind}-{fragment:08d}.ids"

    # Fragment by fragment.

    def _begin(self, number: int) -> Fragment:
        self.before = {
            "read": self.read,
            "counts": {kind: counts.plain() for kind, counts in sorted(self.counts.items())},
            "rows": {str(source): row for source, row in sorted(self.row_bases.items())},
            "why": dict(self.why),
            "quarantine": self.quarantine.plain(),
        }
        return Fragment(number)

    def _take(self, fragment: Fragment, task: Task, result: Result) -> None:
        part = task.parts[0]
        if part.chunk.row < 0:  # alone in its task
            base = self.row_bases.get(part.source, 0)
            fragment.shift_rows(result, base)
            self.row_bases[part.source] = base + result.read
        self.read += result.read
        for record in result.bad:
            if record.kind is not None:
                counts = self._counts(record.kind)
                counts.read += 1
                counts.quarantined += 1
                counts.bytes += record.bad.length
            fragment.bad.append(record)
        for rows in result.rows:
            self.why.setdefault(rows.kind, result.why.get(rows.kind, ""))
            fragment.take(
                task,
                rows,
                self.tables.known(rows.kind),
                self._counts(rows.kind),
                new_version=self.new_version,
                keep_raw=self.keep_raw,
            )

    def _counts(self, kind: str) -> Counts:
        return self.counts.setdefault(kind, Counts())

    def _stage(self, fragment: Fragment) -> None:
        self.quarantine.note(fragment.bad)
        entries = self.quarantine.taken()
        for kind, noted in sorted(fragment.noted.items()):
            job = self.tables.job(kind)
            if fragment.number not in {one.index for one in job.staged}:
                digest = save_noted(noted, self._notes(kind, fragment.number))
                batches = fragment.batches(kind, self.ws.blobs)
                job.write(fragment.number, batches, {"before": self.before, "noted": digest}, entries)
            entries = []
        self.quarantine.pending = [*entries, *self.quarantine.pending]

    # The end.

    def _finish(self, cutter: Cutter, skipped: list[SkippedFile]) -> IngestResults:
        self._refuse_what_is_no_kind()
        self._check_sums()
        committed: dict[str, int] = {}
        for kind, job in sorted(self.tables.jobs.items()):
            counts = self._counts(kind) if kind in self.counts else Counts()
            rows = sum(one.rows for one in job.staged)
            if rows != counts.added - counts.replaced:
                raise AssertionError(f"{kind}: {rows} rows staged, {counts.added - counts.replaced} counted as added")
            stats = {**counts.plain(), "sources": [file.source.path for file in cutter.files][:100]}
            job.commit(stats, self.quarantine.taken())
            committed[kind] = self.tables.replace(kind)
        if pending := self.quarantine.taken():
            self.ws.ledger.quarantine_add(pending)
        shutil.rmtree(self.folder, ignore_errors=True)
        return summary(
            self.base,
            self.counts,
            committed,
            self.why,
            read=self.read,
            kindless=self.quarantine.kindless,
            kindless_bytes=self.quarantine.kindless_bytes,
            bytes=cutter.bytes,
            seconds=round(time.perf_counter() - self.started, 3),
            files=len(cutter.files),
            reasons=self.quarantine.reasons,
            skipped=skipped,
            resumed=self.first_fragment > 0,
        )

    def _refuse_what_is_no_kind(self) -> None:
        """Raises UserError E316 where nothing at all could be told."""
        if self.read and self.quarantine.reasons["unknown_kind"] == self.read:
            self.quarantine.taken()
            keys = ", ".join(f"`{key}`" for key, _ in self.quarantine.keys.most_common(20))
            raise UserError(
                "E316",
                f"no record of {self.base} looks like a kind; fields seen: {keys or 'none'}",
                at=self.listing.sources[0].uri,
                fix="say which it is: --kind classification --map text=THEIRS --map label=THEIRS",
            )

    def _check_sums(self) -> None:
        total = self.quarantine.kindless
        for kind, counts in self.counts.items():
            if counts.read != counts.added + counts.duplicates + counts.quarantined:
                raise AssertionError(f"records of {kind} do not add up: {counts}")
            total += counts.read
        if total != self.read or self.quarantine.reasons.total() > self.read:
            raise AssertionError(f"{self.read} records read, {total} accounted for")
