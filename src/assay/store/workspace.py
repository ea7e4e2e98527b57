"""A workspace: a local folder with tables, blobs, decisions and the ledger."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

from assay.core.errors import UnknownName, UserError
from assay.core.files import whole_file
from assay.core.ids import sha256_file
from assay.store import refs
from assay.store.blobs import Blobs
from assay.store.commit import resolve_intents
from assay.store.dataset import Dataset
from assay.store.fsck import Finding, check_workspace
from assay.store.ledger import Ledger, SavedDecisions
from assay.store.lock import lock, release, try_if_free
from assay.store.table import clear_errors

_LEDGER = "ledger.db"
# SQLite's locks and shared memory, and our own lock, are not sound on these.
_NETWORK_FILE_SYSTEMS = (
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "glusterfs",
    "lustre",
    "fuse.sshfs",
)


class Workspace:
    """Made by `init` or `open`. Usable as a context manager; `close` frees the ledger."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ledger = Ledger(path / _LEDGER)
        self.blobs = Blobs(path / "blobs")
        self._datasets: dict[str, Dataset] = {}

    @classmethod
    def init(cls, path: str | Path) -> Workspace:
        """Make the folder a workspace; one that is one already is opened. Raises UserError E402 for a remote place."""
        place = _local(path)
        for part in ("tables", "blobs", "locks", "decisions"):
            (place / part).mkdir(parents=True, exist_ok=True)
        ignore = place / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", "utf-8")
        return cls._opened(place)

    @classmethod
    def open(cls, path: str | Path) -> Workspace:
        """Open a workspace, finishing or dropping what killed writers left in it.

        Raises UserError E401: not a workspace; E402: not on a local disk; E406: written by a newer assay.
        """
        place = _local(path)
        if not (place / _LEDGER).is_file():
            raise UserError(
                "E401", f"{place} is not a workspace", fix="`assay init` makes one; -w or ASSAY_WORKSPACE names another"
            )
        return cls._opened(place)

    @classmethod
    def _opened(cls, place: Path) -> Workspace:
        workspace = cls(place)
        for name in sorted({intent.dataset for intent in workspace.ledger.intents_open()}):
            data = workspace.dataset(name)
            if try_if_free(data.lock_path, verb="recover"):  # held: its writer lives, and will finish by itself
                try:
                    resolve_intents(workspace.ledger, data.uri, name)
                finally:
                    release(data.lock_path)
        return workspace

    def __reduce__(self) -> tuple[object, ...]:  # workers reopen it
        return Workspace.open, (self.path,)

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self.ledger.close()

    def names(self, name: str | None = None) -> list[str]:
        """Full names, sorted: all, or those that `name` covers (`tickets` is all its kinds). Raises UserError E101."""
        known = self.ledger.dataset_names()
        if name is None:
            return known
        found = [full for full in known if full == name or full.rpartition(".")[0] == name]
        if not found:
            bases = {full.rpartition(".")[0] for full in known}
            raise UnknownName("dataset", name, [*known, *bases])
        return found

    def dataset(self, full_name: str) -> Dataset:
        """One dataset by full name. Raises UserError E101 where there is none."""
        if full_name not in self._datasets:
            if full_name not in self.ledger.dataset_names():
                raise UnknownName("dataset", full_name, self.ledger.dataset_names())
            self._datasets[full_name] = Dataset(self, full_name)
        return self._datasets[full_name]

    def create(self, full_name: str) -> Dataset:
        """The dataset of that name, made if it is new (still without a version). Raises UserError E403 for the name."""
        _, kind = refs.split_name(full_name)
        self.ledger.dataset_add(full_name, kind)
        return self.dataset(full_name)

    def lock(self, full_name: str, verb: str = "", wait_s: float = 0.0) -> AbstractContextManager[None]:
        """Hold a dataset's writer lock for a block; the same thread may write meanwhile. Raises UserError E405."""
        return lock(self.path / "locks" / f"{full_name}.lock", full_name, verb=verb, wait_s=wait_s)

    # Decisions: a side table per dataset, version and ruleset; two rulesets never overwrite each other.

    def save_decisions(
        self, dataset: str, version: int, ruleset_hash: str, table: pa.Table, counts: Mapping[str, int] | None = None
    ) -> Path:
        """Write (record_id, action, rules) rows as Parquet, whole or not at all; returns the file's path."""
        folder = self.path / "decisions" / dataset
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"v{version}-{ruleset_hash}.parquet"
        with whole_file(path, sync=True) as part, clear_errors(folder):
            pq.write_table(table.combine_chunks(), part, compression="zstd")
        self.ledger.decision_save(
            SavedDecisions(
                dataset=dataset,
                version=version,
                ruleset=ruleset_hash,
                path=path.relative_to(self.path).as_posix(),
                sha256=sha256_file(path),
                counts=dict(counts or {}),
            )
        )
        return path

    def load_decisions(self, dataset: str, version: int, ruleset_hash: str | None = None) -> pa.Table | None:
        """The decisions of a ruleset over a version (without one, those saved last); None where there are none."""
        saved = self.find_decisions(dataset, version, ruleset_hash)
        return None if saved is None else pq.read_table(self.path / saved.path)

    def find_decisions(self, dataset: str, version: int, ruleset_hash: str | None = None) -> SavedDecisions | None:
        """As `load_decisions`, without the rows. A rollback has the rows, and so the decisions, of what it restored."""
        found = self.ledger.decisions(dataset, version)
        if ruleset_hash is not None:
            found = [saved for saved in found if saved.ruleset == ruleset_hash]
        if found:
            return found[-1]
        made = self.ledger.version(dataset, version)
        if made is None or "restored" not in made.stats:
            return None
        return self.find_decisions(dataset, int(made.stats["restored"]), ruleset_hash)

    def fsck(self, *, deep: bool = False) -> list[Finding]:
        """What is wrong with any dataset, blob or decision file."""
        found = [finding for name in self.names() for finding in self.dataset(name).fsck(deep=deep)]
        return found + check_workspace(self)


def _local(path: str | Path) -> Path:
    text = str(path)
    if "://" in text:
        scheme = text.split("://")[0]
        raise UserError(
            "E402", f"a workspace cannot be at {text}: {scheme} is not a local folder", fix="name a local folder"
        )
    place = Path(os.path.abspath(text))
    kind = _file_system(place)
    if kind in _NETWORK_FILE_SYSTEMS:
        what = f"a workspace cannot be at {place}: it is on {kind}, where the ledger's locks are not sound"
        raise UserError("E402", what, fix="name a folder on a local disk")
    if place.exists() and not place.is_dir():
        raise UserError("E401", f"{place} is not a folder", fix="name a folder")
    return place


def _file_system(place: Path) -> str:
    """The type of the mount that holds `place`; empty where the system does not say (/proc/mounts is Linux)."""
    try:
        mounts = Path("/proc/mounts").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    found, kind = "", ""
    for line in mounts:
        _, point, this, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        if os.path.commonpath([point, place]) == point and len(point) >= len(found):
            found, kind = point, this
    return kind
