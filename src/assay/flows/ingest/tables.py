"""The tables of one base name while rows are added to them: locked, with what they hold already."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from assay.flows.ingest.gathering import Known, put_raw
from assay.flows.ingest.identities import content_keys, id_keys
from assay.records.again import first_hash
from assay.store import AppendJob, Workspace


class Tables:
    """One append per kind, begun when its first row comes, and what is known of each kind's records."""

    def __init__(self, ws: Workspace, base: str, key: str, *, verb: str, message: str | None, run_id: str) -> None:
        self.ws, self.base, self.key = ws, base, key
        self.verb, self.message, self.run_id = verb, message, run_id
        self.jobs: dict[str, AppendJob] = {}
        self._known: dict[str, Known] = {}

    def name(self, kind: str) -> str:
        return f"{self.base}.{kind}"

    def kinds_there(self) -> list[str]:
        names = (full.rpartition(".") for full in self.ws.ledger.dataset_names())
        return [kind for base, _, kind in names if base == self.base]

    def job(self, kind: str) -> AppendJob:
        if kind not in self.jobs:
            data = self.ws.create(self.name(kind))
            self.jobs[kind] = data.begin_append(self.key, verb=self.verb, message=self.message, run=self.run_id)
        return self.jobs[kind]

    def known(self, kind: str) -> Known:
        """What the dataset holds; its ids are read once."""
        if kind not in self._known:
            known = self._known[kind] = Known()
            if kind in self.kinds_there():
                for batch in self.ws.dataset(self.name(kind)).scan(columns=["record_id", "content_hash", "parents"]):
                    high, low = id_keys(batch.column("record_id").to_pylist())
                    known.identities.add(high, low, content_keys(_as_read(batch)))
        return self._known[kind]

    def start_over(self) -> None:
        """Forget what was staged under this key."""
        for kind in sorted(self.jobs):
            self.jobs.pop(kind).discard()
            self.job(kind)
        self._known.clear()

    def replace(self, kind: str) -> int:
        """Put new content in the place of known ids; returns the head's number."""
        data = self.ws.dataset(self.name(kind))
        replacements = self._known[kind].replacements if kind in self._known else {}
        if replacements:
            rows = [put_raw(replacements[record_id], self.ws.blobs) for record_id in sorted(replacements)]
            table = pa.Table.from_batches(rows).combine_chunks()
            data.replace(table, expect=data.head, verb=self.verb, message=self.message, run=self.run_id)
        return data.head

    def close(self) -> None:
        """Let go of the datasets; what is staged stays for a rerun of the same work."""
        for job in self.jobs.values():
            job.__exit__(None, None, None)


def _as_read(batch: pa.RecordBatch) -> list[str]:
    """The content hash that each record was read with: a transform since then is no other content of its file."""
    hashes: list[str] = batch.column("content_hash").to_pylist()
    for i in np.flatnonzero(batch.column("parents").is_valid()).tolist():
        hashes[i] = first_hash(batch.slice(i, 1).to_pylist()[0])
    return hashes
