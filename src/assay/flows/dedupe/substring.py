"""Stretches of words repeated across the records of one dataset: found, written as signals, and as a file to cut by."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.core.arrow import one_array
from assay.core.ids import fingerprint
from assay.dedup import substring as work
from assay.dedup.hash_files import HOLDERS as HELD
from assay.dedup.hash_files import HashWriter, read_keys, read_repeats
from assay.dedup.substring import MIN_TOKENS, Found, Stretches
from assay.engine import Engine, Progress
from assay.flows.dedupe.fragments import Fragment, fragments_of, index_folder
from assay.flows.rows_digest import rows_digest
from assay.flows.verb_signals import write_signals
from assay.kernels.winnowing import ANY, ELSEWHERE, END, HASH, HOLDERS, KIND, ROW, START
from assay.records.kind import KINDS
from assay.signals.repeated_spans import SPANS
from assay.store import Dataset, Workspace
from assay.text.fields import VIEW, leaves, paths_of
from assay.transforms.leaves import PROSE, column_of
from assay.transforms.repeated_spans import CUT_FILE, text_digests, write_cut_file

SIGNALS = ("repeated_spans", "repeated_share", "repeated_elsewhere")
VERB = "dedupe --method substring"
FINGERPRINTS, STRETCHES = "fingerprints", "stretches"  # tables of repeated hashes
# A partition then holds a quarter of what one fragment deals: 25 MB where 64 MB of English are all repeated.
_PARTITIONS_A_FRAGMENT = 4
_LEAST_PARTITIONS, _MOST_PARTITIONS = 16, 4096

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubstringFound:
    """What a run found. spans: different ones, by their words. repeated_tokens, repeated_bytes: that lie in spans, of
    all records, each counted once where spans overlap. cut_file: for the transform cut_repeated."""

    dataset: str
    version: int
    records: int
    spans: int
    records_with_spans: int
    tokens: int
    bytes: int
    repeated_tokens: int
    repeated_bytes: int
    cut_file: Path
    seconds: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A fragment on its way: the rank of each row (who is first), and which rows are worth a look."""

    fragment: Fragment
    ranks: NDArray[np.uint32]
    chosen: NDArray[np.bool_]

    def texts(self, *columns: str) -> Iterator[tuple[pa.LargeStringArray, pa.RecordBatch, slice]]:
        at = 0
        for text, batch in self.fragment.texts(*columns) if self.chosen.any() else ():
            yield text, batch, slice(at, at + len(text))
            at += len(text)


@dataclass(frozen=True, slots=True)
class _Cuts:
    """digests: uint64[t, 2] of texts, some perhaps twice; ranks: uint32[t]; cuts: int64[c, 4], ROW a text's place."""

    digests: NDArray[np.uint64]
    ranks: NDArray[np.uint32]
    cuts: NDArray[np.int64]

    @classmethod
    def of(cls, texts: pa.LargeStringArray, ranks: NDArray[np.uint32], cuts: NDArray[np.int64]) -> _Cuts:
        rows, place = np.unique(cuts[:, ROW], return_inverse=True)
        return cls(text_digests(texts, rows), ranks[rows], _with_rows(cuts, place))

    @classmethod
    def joined(cls, parts: Sequence[_Cuts]) -> _Cuts:
        starts = np.cumsum([0, *(len(part.ranks) for part in parts)])
        moved = [_with_rows(p.cuts, p.cuts[:, ROW] + start) for p, start in zip(parts, starts, strict=False)]
        return cls(
            np.concatenate([np.zeros((0, 2), np.uint64), *(part.digests for part in parts)]),
            np.concatenate([np.zeros(0, np.uint32), *(part.ranks for part in parts)]),
            np.concatenate([np.zeros((0, 4), np.int64), *moved]),
        )

    def settled(self) -> _Cuts:
        """In order of digests, each text once: as in the first record that has it, which is first for what it is."""
        order = np.lexsort((self.ranks, self.digests[:, 1], self.digests[:, 0]))
        known = self.digests[order]
        fresh = np.ones(len(order), np.bool_)
        fresh[1:] = (known[1:] != known[:-1]).any(axis=1)
        place = np.full(len(order), -1, np.int64)
        place[order[fresh]] = np.arange(int(fresh.sum()))
        cuts = _with_rows(self.cuts, place[self.cuts[:, ROW]])
        cuts = cuts[cuts[:, ROW] >= 0]
        chosen = order[fresh]
        return _Cuts(self.digests[chosen], self.ranks[chosen], cuts[np.lexsort((cuts[:, START], cuts[:, ROW]))])

    def places(self, kind: int) -> pa.ListArray:
        """Cuts of one kind, a list for each text. Call it on settled ones."""
        mine = self.cuts[self.cuts[:, KIND] == kind]
        items = {"start": mine[:, START], "end": mine[:, END]}
        return _lists(mine[:, ROW], len(self.ranks), items, CUT_FILE.field("any").type)


def substring(
    ws: Workspace,
    name: str,
    *,
    min_tokens: int = MIN_TOKENS,
    fields: Sequence[str] = VIEW,
    engine: Engine,
    settings: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    run_id: str | None = None,
    message: str | None = None,
) -> SubstringFound:
    """Find every run of min_tokens words or more that stands in two records or more; write it as three signals.

    A word is one of kernels.shingles.row_words: case, accents, spacing and punctuation do not matter. Places are
    bytes of the compared text, which is the text view or the fields joined by newlines. The same for any engine,
    number of workers, order of rows and layout of fragments. In memory are 10 bytes of each record (its path and id
    while they are sorted), a fragment or a partition of each worker, and about 100 bytes of each text with repeats.
    settings: what the signals depend on beside the rows, where the caller names it.
    Raises UserError E101, E104 (fields, min_tokens), E405 (the dataset is being written).
    """
    started = time.perf_counter()
    stretches = Stretches(min_tokens)
    data = ws.dataset(name)
    settings = dict(settings or {"method": "substring", "min_tokens": min_tokens, "fields": list(fields)})
    with ws.lock(name, "dedupe"), _work_folder(ws, name) as folder:
        search = _Search(data, fragments_of(ws, data, tuple(fields)), stretches, engine, folder, progress)
        found = search.run()
        target = index_folder(ws, name) / f"repeated-{fingerprint(name, rows_digest(ws, data), settings)}.arrow"
        about = {"dataset": name, "min_tokens": str(min_tokens), "fields": ",".join(fields)}
        cuts = found.cuts.settled()
        write_cut_file(target, cuts.digests, {"any": cuts.places(ANY), "elsewhere": cuts.places(ELSEWHERE)}, about)
        values = partial(_read_values, folder)
        said: dict[str, Any] = {"message": message, "progress": progress, "run_id": run_id}
        head = write_signals(ws, data, SIGNALS, settings, values, verb=VERB, **said)
    return SubstringFound(
        dataset=name,
        version=head,
        records=len(search.ranks),
        spans=len(np.unique(found.span_hashes)),
        records_with_spans=found.records,
        tokens=found.tokens,
        bytes=found.bytes,
        repeated_tokens=int(found.covered[0]),
        repeated_bytes=int(found.covered[2]),
        cut_file=target,
        seconds=round(time.perf_counter() - started, 3),
    )


@dataclass(frozen=True, slots=True)
class _Total:
    """tokens and bytes of all records; records with a span; covered: sums of Found.covered; span hashes; all cuts."""

    tokens: int
    bytes: int
    records: int
    covered: NDArray[np.int64]
    span_hashes: NDArray[np.int64]
    cuts: _Cuts


class _Search:
    """The three looks at one version, each at fewer records than the one before it."""

    def __init__(
        self,
        data: Dataset,
        fragments: Sequence[Fragment],
        stretches: Stretches,
        engine: Engine,
        folder: Path,
        progress: Progress | None,
    ) -> None:
        self.data, self.fragments, self.stretches = data, fragments, stretches
        self.engine, self.folder, self.progress = engine, folder, progress
        self.ranks = first_ranks(data, fragments)
        wanted = min(max(_PARTITIONS_A_FRAGMENT * len(fragments), _LEAST_PARTITIONS), _MOST_PARTITIONS)
        self.partitions = 1 << (wanted - 1).bit_length()

    def run(self) -> _Total:
        same: dict[str, Any] = {"stretches": self.stretches, "partitions": self.partitions}
        heads, chosen = self._look("fingerprints", FINGERPRINTS, partial(fingerprint_task, **same), None)
        words = [counts for counts, _ in heads]
        task = partial(stretch_task, **same, folder=self.folder)
        _, chosen = self._look("repeats", STRETCHES, task, chosen)
        hashes, cuts, records, covered = [np.zeros(0, np.int64)], [], 0, np.zeros(3, np.int64)
        self._say("spans")
        pieces = self._pieces(chosen)
        many = self.engine.map(partial(span_task, stretches=self.stretches, folder=self.folder), pieces)
        for piece, counts, (found, mine) in zip(pieces, words, many, strict=True):
            hashes.append(found.spans[:, HASH])
            cuts.append(mine)
            records += len(np.unique(found.spans[:, ROW]))
            covered += found.covered.sum(axis=0)
            _write_values(self.folder, piece.fragment.id, span_values(counts, found))
            self._add(piece)
        tokens = sum(int(counts.sum(dtype=np.int64)) for counts in words)
        size = sum(size for _, size in heads)
        return _Total(tokens, size, records, covered, np.concatenate(hashes), _Cuts.joined(cuts))

    def _look(
        self, what: str, table: str, task: Callable[[Piece], Any], chosen: Flags | None
    ) -> tuple[list[Any], Flags]:
        """Deal hashes, keep those that two records hold: what the task said of each fragment, and holders by rank."""
        self._say(what)
        pieces = self._pieces(chosen)
        holders = np.zeros(len(self.ranks), np.bool_)
        columns = () if table == FINGERPRINTS else (HELD,)
        with (
            self.engine.scatter(task, pieces, self.partitions) as dealt,
            HashWriter(self.folder, table, *columns) as out,
        ):
            heads = list(dealt.heads)
            for piece in pieces:
                self._add(piece)
            for hashes, held, holding in dealt.gather(work.repeated, range(self.partitions)):
                out.append(hash=hashes, holders=held)
                holders[holding] = True
        return heads, holders

    def _pieces(self, chosen: Flags | None) -> list[Piece]:
        found = []
        for fragment in self.fragments:
            ranks = self.ranks[fragment.first_row : fragment.first_row + fragment.rows]
            found.append(Piece(fragment, ranks, np.ones(len(ranks), np.bool_) if chosen is None else chosen[ranks]))
        return found

    def _say(self, what: str) -> None:
        if self.progress is not None:
            self.progress.start(f"{what} of {self.data.name}", None)

    def _add(self, piece: Piece) -> None:
        if self.progress is not None:
            self.progress.add(rows=piece.fragment.rows)


def fingerprint_task(
    piece: Piece, stretches: Stretches, partitions: int
) -> tuple[tuple[NDArray[np.int32], int], list[work.Part]]:
    """Run on an engine: words of each row and bytes of all, and the fingerprints of one fragment."""
    found, size = [], 0
    for text, _, rows in piece.texts():
        found.append(work.fingerprints(text, piece.ranks[rows], stretches))
        size += int(pc.sum(pc.binary_length(text)).as_py() or 0)
    counts = np.concatenate([np.zeros(0, np.int32), *(one[0] for one in found)])
    return (counts, size), work.parts([one[1] for one in found], [one[2] for one in found], partitions)


def stretch_task(piece: Piece, stretches: Stretches, partitions: int, folder: Path) -> tuple[None, list[work.Part]]:
    """Run on an engine: stretches of one fragment whose fingerprint is repeated."""
    known = read_keys(folder, FINGERPRINTS)
    found = [
        work.candidates(text, piece.ranks[rows], piece.chosen[rows], stretches, known)
        for text, _, rows in piece.texts()
    ]
    return None, work.parts([one[0] for one in found], [one[1] for one in found], partitions)


def span_task(piece: Piece, stretches: Stretches, folder: Path) -> tuple[Found, _Cuts]:
    """Run on an engine: the repeated spans of one fragment, and what to cut from the texts in it."""
    known, repeats = read_keys(folder, FINGERPRINTS), read_repeats(folder, STRETCHES)
    kind, fields = piece.fragment.data.kind, piece.fragment.fields
    paths = cut_paths(kind, fields)
    columns = [column_of(path)[0] for path in paths or ()]
    spans, cuts = [np.zeros((0, 6), np.int64)], []
    covered = np.zeros((piece.fragment.rows, 3), np.int64)
    for text, batch, rows in piece.texts(*columns):
        ranks, chosen = piece.ranks[rows], piece.chosen[rows]
        found = work.spans(text, ranks, chosen, stretches, known, repeats)
        spans.append(_with_rows(found.spans, found.spans[:, ROW] + rows.start))
        covered[rows] = found.covered
        if paths is None:
            cuts.append(_Cuts.of(text, ranks, found.cuts))
        for path, column in zip(paths or (), columns, strict=True):
            texts, owner = leaves(one_array(batch[column]), path)
            mine = work.spans(texts, ranks[owner], chosen[owner], stretches, known, repeats)
            cuts.append(_Cuts.of(texts, ranks[owner], mine.cuts))
    return Found(np.concatenate(spans), covered, np.zeros((0, 4), np.int64)), _Cuts.joined(cuts)


def cut_paths(kind: str, fields: Sequence[str]) -> list[str] | None:
    """Where the compared text lies in a record, text by text; None where it is one text as it stands."""
    if tuple(fields) == VIEW:
        return None if KINDS.get(kind).text_column == "text" else list(PROSE[kind])
    paths = paths_of(kind, fields)
    return None if len(paths) == 1 and "." not in paths[0] and "[" not in paths[0] else paths


def first_ranks(data: Dataset, fragments: Sequence[Fragment]) -> NDArray[np.uint32]:
    """uint32[rows] in the order of rows: the place of each by (source path, row, record_id), 0 for the first of all."""
    parts = [
        pa.table({"path": pc.struct_field(source, "path"), "row": pc.struct_field(source, "row"), "id": ids})
        for batch in data.scan(fragments[0].version if fragments else None, columns=["source", "record_id"])
        for source, ids in [(batch["source"], batch["record_id"])]
    ]
    if not parts:
        return np.zeros(0, np.uint32)
    keys = [(name, "ascending", "at_end") for name in ("path", "row", "id")]
    order = pc.sort_indices(pa.concat_tables(parts), sort_keys=keys).to_numpy()
    ranks = np.empty(len(order), np.uint32)
    ranks[order] = np.arange(len(order), dtype=np.uint32)
    return ranks


def span_values(words: NDArray[np.int32], found: Found) -> pa.Table:
    """The three signals of one fragment's rows."""
    none = words == 0
    places = {"start": found.spans[:, START], "end": found.spans[:, END], "records": found.spans[:, HOLDERS]}
    shares = found.covered[:, :2] / np.maximum(words, 1)[:, None]
    columns = [
        _lists(found.spans[:, ROW], len(words), places, SPANS, none),
        *(pa.array(shares[:, i], pa.float64(), mask=none) for i in range(2)),
    ]
    return pa.table(columns, names=list(SIGNALS))


def _lists(
    owner: NDArray[np.int64], rows: int, members: Mapping[str, NDArray[np.int64]], kind: pa.DataType, none: Any = None
) -> pa.ListArray:
    """Structs as lists, by the row that each belongs to (in order); null where `none`."""
    offsets = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=rows))]).astype(np.int32)
    items = pa.StructArray.from_arrays([pa.array(v) for v in members.values()], fields=list(kind.value_type))
    mask = None if none is None else pa.array(none)
    return pa.ListArray.from_arrays(pa.array(offsets), items, type=kind, mask=mask)


def _with_rows(table: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    out = table.copy()
    out[:, ROW] = rows
    return out


@contextmanager
def _work_folder(ws: Workspace, name: str) -> Iterator[Path]:
    """A folder for one run, under the dataset's lock: what a killed run left there goes first."""
    folder = index_folder(ws, name) / "substring"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_values(folder: Path, fragment: int, values: pa.Table) -> None:
    with pa.ipc.new_file(str(folder / f"{fragment}.arrow"), values.schema) as out:
        out.write_table(values)


def _read_values(folder: Path, fragment: int) -> dict[str, pa.Array]:
    with pa.OSFile(str(folder / f"{fragment}.arrow")) as file:
        table = pa.ipc.open_file(file).read_all()
    return {name: one_array(table[name]) for name in SIGNALS}
