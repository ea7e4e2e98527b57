"""Is everything there, and is it what it says? Every finding names its place and a way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.core.errors import UserError
from assay.core.ids import sha256_file
from assay.store.lock import release, try_if_free
from assay.store.table import Table

if TYPE_CHECKING:
    from assay.store.dataset import Dataset
    from assay.store.workspace import Workspace

_COPY = "restore it from a copy of the workspace"
_SHOWN = 3


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """`code`: a stable slug. `place`: dataset, version or file. `fix`: what to do about it."""

    code: str
    place: str
    what: str
    fix: str


def check_dataset(data: Dataset, *, deep: bool) -> list[Finding]:
    """Findings of one dataset; `deep` also reads every row, for keys and for the remembered digests."""
    found = _intents(data)
    versions = data.versions()
    found += _numbering(data, [version.number for version in versions])
    if not versions:
        return found
    try:
        known = Table.open(data.uri).table_versions()
    except UserError as error:
        return [*found, _finding("table-unreadable", data.name, error.what, _COPY)]
    checked: set[str] = set()
    for version in versions:
        place = f"{data.name}@{version.number}"
        if version.table_version not in known:
            found.append(_finding("version-missing", place, f"table version {version.table_version} is gone", _COPY))
            continue
        try:
            table = data.table(version.number)
            rows = table.count()
        except UserError as error:
            found.append(_finding("version-unreadable", place, error.what, _COPY))
            continue
        if rows != version.rows:
            what = f"the ledger says {version.rows} rows, the table has {rows}"
            found.append(_finding("row-count", place, what, f"assay rollback {data.name} to a version that is whole"))
        found += _files(data, place, table, checked)
    for name, number in data.tags().items():
        if not 0 < number <= len(versions):
            found.append(
                _finding("tag-dangling", f"{data.name}@{name}", f"there is no version {number}", "tag another")
            )
    if deep and not found:
        found += _rows(data)
    return found


def _finding(code: str, place: str, what: str, fix: str) -> Finding:
    return Finding(code=code, place=place, what=what, fix=fix)


def _intents(data: Dataset) -> list[Finding]:
    """A commit that nobody is working on: the lock is free, yet its intent is open."""
    unfinished = data.ledger.intents_open(data.name)
    if not unfinished or not try_if_free(data.lock_path, verb="fsck"):
        return []
    release(data.lock_path)
    found = []
    for intent in unfinished:
        what = f"commit {intent.id} ({intent.payload['verb']}) was not finished"
        found.append(_finding("intent-open", data.name, what, "open the workspace again"))
    return found


def _numbering(data: Dataset, numbers: list[int]) -> list[Finding]:
    if numbers == list(range(1, len(numbers) + 1)):
        return []
    return [_finding("version-gap", data.name, f"versions are not 1 to {len(numbers)}: {numbers}", _COPY)]


def _files(data: Dataset, place: str, table: Table, checked: set[str]) -> list[Finding]:
    """Each data file once, whichever versions share it."""
    found = []
    for fragment, files in table.files().items():
        for name, size in files:
            if name in checked:
                continue
            checked.add(name)
            path = data.uri / name
            if not path.is_file():
                found.append(_finding("file-missing", str(path), f"{place} fragment {fragment} needs it", _COPY))
            elif size is not None and path.stat().st_size != size:
                what = f"{place} fragment {fragment} wrote {size} bytes, there are {path.stat().st_size}"
                found.append(_finding("file-size", str(path), what, _COPY))
    return found


def _rows(data: Dataset) -> list[Finding]:
    """Keys are unique and never null; what the rows say still has the digest that was remembered."""
    found = []
    seen: list[pa.Array] = [pa.array([], pa.large_string())]
    try:
        for batch in data.scan(columns=["record_id"]):
            seen.append(batch.column(0))
        ids = pa.concat_arrays(seen)
        if ids.null_count:
            found.append(_finding("key-null", data.name, f"{ids.null_count} records have no record_id", _COPY))
        if pc.count_distinct(ids).as_py() != len(ids):
            counts = pc.value_counts(ids)
            twice = counts.filter(pc.greater(counts.field("counts"), np.int64(1))).field("values")
            some = ", ".join(repr(name) for name in twice.slice(0, _SHOWN).to_pylist())
            what = f"{len(twice)} record ids come more than once: {some}"
            found.append(_finding("key-duplicate", data.name, what, f"assay rollback {data.name} to a version before"))
        found += _kept_bytes(data)
        for version in data.versions():
            known = data.ledger.cache_get("digest", f"{data.name}@{version.table_version}")
            if known is not None and known != data.compute_digest(version.number):
                what = f"the rows no longer have the digest {known}"
                found.append(_finding("digest", f"{data.name}@{version.number}", what, _COPY))
    except (OSError, ValueError, pa.ArrowInvalid) as error:
        what = f"rows cannot be read: {str(error).splitlines()[0][:200]}"
        found.append(_finding("rows-unreadable", data.name, what, _COPY))
    return found


def _kept_bytes(data: Dataset) -> list[Finding]:
    """Records whose original bytes were kept point into blobs that are there; each fragment is read once."""
    found: list[Finding] = []
    seen: set[str] = set()
    needed: dict[str, str] = {}
    for version in data.versions():
        table = data.table(version.number)
        for part in table.fragments():
            if part.content in seen:
                continue
            seen.add(part.content)
            for batch in table.scan(["raw"], fragments=[part.id]):
                for sha256 in pc.unique(batch.column(0).field("sha256")).drop_null().to_pylist():
                    needed.setdefault(sha256, f"{data.name}@{version.number}")
    for sha256, place in sorted(needed.items()):
        if sha256 not in data.workspace.blobs:
            found.append(_finding("blob-missing", sha256, f"original bytes of records of {place} are gone", _COPY))
    return found


def check_workspace(ws: Workspace) -> list[Finding]:
    """Findings of what datasets share: blobs and decision files."""
    found = []
    for sha256 in ws.blobs.names():
        if not ws.blobs.is_sound(sha256):
            what = "the bytes do not have the hash they are named by"
            found.append(_finding("blob-corrupt", sha256, what, _COPY))
    needed = {entry.sha256 for entry in ws.ledger.quarantine() if entry.sha256}
    for sha256 in sorted(needed):
        if sha256 not in ws.blobs:
            found.append(_finding("blob-missing", sha256, "quarantined bytes are gone", _COPY))
    for name in ws.names():
        for saved in ws.ledger.decisions(name):
            path = ws.path / saved.path
            if not path.is_file():
                found.append(_finding("decisions-missing", saved.path, f"of {name}@{saved.version}", "assay decide"))
            elif sha256_file(path) != saved.sha256:
                found.append(_finding("decisions-altered", saved.path, f"of {name}@{saved.version}", "assay decide"))
    return found
