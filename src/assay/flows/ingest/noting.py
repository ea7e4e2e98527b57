"""Bad places to quarantine entries: bytes into a blob, one per fragment, and where in the source they were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from assay.core.ids import xxh3_hex
from assay.flows.ingest.tasks import BadRecord
from assay.formats import Source
from assay.store import QuarantineEntry, Workspace


class Quarantine:
    """Entries not yet staged, and what was counted."""

    def __init__(
        self, ws: Workspace, base: str, key: str, options: Mapping[str, Any], sources: Sequence[Source]
    ) -> None:
        self._ws, self._base, self._key, self._options, self._sources = ws, base, key, dict(options), sources
        self.pending: list[QuarantineEntry] = []
        self.reasons: Counter[str] = Counter()
        self.kindless = 0
        self.kindless_bytes = 0
        self.keys: Counter[str] = Counter()

    def note(self, bad: Iterable[BadRecord]) -> None:
        """Keep the bytes of a fragment's bad places and make an entry of each."""
        found = list(bad)
        pack: list[bytes] = []
        places: dict[str, int] = {}
        size = 0
        for record in found:
            name = xxh3_hex(record.bad.raw)
            if record.bad.raw and name not in places:
                places[name] = size
                pack.append(record.bad.raw)
                size += len(record.bad.raw)
        sha256 = self._ws.blobs.put(b"".join(pack)) if pack else None
        for record in found:
            self._count(record)
            self.pending.append(self._entry(record, sha256, places))

    def taken(self) -> list[QuarantineEntry]:
        """The entries so far, for one transaction of the ledger."""
        pending, self.pending = self.pending, []
        return pending

    def plain(self) -> dict[str, Any]:
        """The counts, to be staged."""
        return {"reasons": dict(self.reasons), "kindless": self.kindless, "kindless_bytes": self.kindless_bytes}

    def resume(self, plain: Mapping[str, Any]) -> None:
        self.reasons = Counter(plain["reasons"])
        self.kindless, self.kindless_bytes = plain["kindless"], plain["kindless_bytes"]

    def _count(self, record: BadRecord) -> None:
        self.reasons[record.bad.reason] += 1
        self.keys.update(record.keys)
        if record.kind is None:
            self.kindless += 1
            self.kindless_bytes += record.bad.length

    def _entry(self, record: BadRecord, sha256: str | None, places: Mapping[str, int]) -> QuarantineEntry:
        bad, source = record.bad, self._sources[record.source]
        where: tuple[str | None, int | None, int | None] = (None, None, None)
        if bad.spooled:
            where = (self._ws.blobs.put(Path(bad.spooled)), 0, bad.length)
        elif bad.raw:
            where = (sha256, places[xxh3_hex(bad.raw)], len(bad.raw))
        # What the bytes are, wherever they are kept: reading a grown file again must not list the same twice.
        raw_hash = where[0] if bad.spooled else xxh3_hex(bad.raw)
        options = {**self._options, "uri": source.uri, "root": source.root, "line": bad.line, "raw_hash": raw_hash}
        options["reader"] = record.reader
        return QuarantineEntry(
            dataset=self._base,
            file=source.path,
            reason=bad.reason,
            detail=bad.detail,
            kind=record.kind,
            row=bad.row,
            offset=bad.offset,
            length=bad.length,
            sha256=where[0],
            blob_offset=where[1],
            blob_length=where[2],
            ingest_key=self._key,
            options=options,
        )
