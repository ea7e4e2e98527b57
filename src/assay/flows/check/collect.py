"""One chunk of a file, looked at in a worker: records decoded, row signals, summaries, tokens, overlap.

What goes back is small: hashes, places, counts, and compressed columns that rules and dataset signals need later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from assay.core.collector import collector_paused
from assay.core.ids import xxh3_hex
from assay.dedup.contamination import Match, strongest
from assay.flows.check import views
from assay.flows.check.findings import Ints
from assay.flows.check.profile import DEFAULT, Profile, profile
from assay.flows.check.tokens import count_rows, counter
from assay.formats.base import Bad, Chunk, Item, parse
from assay.records import Decoded, Decoder, RecordError, Row, to_batch
from assay.records.schema import TEXT
from assay.signals.base import run_together
from assay.text.benchmark import Index, Items
from assay.text.benchmark_build import build

# Columns are kept compressed while all files are read: a third of their size, at 300 MB/s and more.
_WRITE = pa.ipc.IpcWriteOptions(compression="lz4")
SAMPLES = 40  # records kept per chunk and kind, for --prove
DETAILS = 3  # texts kept per chunk and reason; every place is kept


@dataclass(frozen=True, slots=True)
class Settings:
    """What a worker needs to know; the same for every chunk. `eval_items` are (place, prompt, whole) texts."""

    kind: str = "auto"
    mapping: tuple[tuple[str, str], ...] = ()
    tokenizer: str | None = None
    eval_files: tuple[str, ...] = ()
    eval_items: tuple[tuple[str, str, str], ...] = ()
    format: str | None = None
    rules: tuple[str, ...] = DEFAULT  # rule sets by name or file
    samples: bool = False  # keep a few records as they were given, for --prove


@dataclass(frozen=True, slots=True)
class Task:
    settings: Settings
    source: int
    number: int  # of the chunk in its source
    chunk: Chunk


@dataclass(slots=True)
class Unread:
    """What one chunk could not read, by reason: places, hashes of the bytes, and a few texts."""

    places: list[int] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    fields: tuple[str, ...] = ()  # the names in the first such record, for a --map to suggest


@dataclass(slots=True)
class Part:
    """The records of one kind in one chunk; every array has one value per record."""

    columns: bytes
    rows: Ints
    places: Ints
    keys: NDArray[np.bytes_]  # content hashes, 32 bytes each
    ids: Ints  # hashes of the user's ids; 0 where a record has none
    tokens: tuple[Ints, Ints, Ints]  # total, learnt from, before the first learnt from
    overlaps: list[tuple[int, Match]]
    summaries: list[bytes]
    samples: list[Any] = field(default_factory=list)
    held: int = -1  # where the parent keeps `columns` until all chunks are in


@dataclass(slots=True)
class Collected:
    source: int
    number: int
    parts: dict[str, Part]
    unread: dict[str, Unread]
    why: dict[str, str]
    bytes: int

    @property
    def records(self) -> int:
        return sum(len(part.rows) for part in self.parts.values()) + sum(len(u.places) for u in self.unread.values())


def collect(task: Task) -> list[Collected]:
    """Everything `check` needs to know about one chunk; a list, so that halves of a chunk can be joined."""
    with collector_paused():
        return _collect(task)


def _collect(task: Task) -> list[Collected]:
    settings = task.settings
    decoder = Decoder(settings.kind, mapping=dict(settings.mapping))
    unread: dict[str, Unread] = {}
    by_kind: dict[str, list[tuple[Item, Decoded]]] = {}
    for found in parse(task.chunk):
        if isinstance(found, Bad):
            _unread(unread, found.reason, found.detail, found)
            continue
        try:
            decoded = decoder.decode(found.obj)
        except RecordError as error:
            _unread(unread, error.reason, error.detail, found)
        else:
            by_kind.setdefault(decoded.kind, []).append((found, decoded))
    parts = {kind: _part(task, kind, records) for kind, records in sorted(by_kind.items())}
    return [Collected(task.source, task.number, parts, unread, dict(decoder.why()), len(task.chunk.data))]


def _unread(unread: dict[str, Unread], reason: str, detail: str, found: Item | Bad) -> None:
    seen = unread.setdefault(reason, Unread())
    seen.places.append(found.line or found.row + 1)
    seen.keys.append(xxh3_hex(found.raw))
    if len(seen.details) < DETAILS:
        seen.details.append(detail)
    if isinstance(found, Item) and isinstance(found.obj, dict) and not seen.fields:
        seen.fields = tuple(map(str, found.obj))


def _part(task: Task, kind: str, records: Sequence[tuple[Item, Decoded]]) -> Part:
    settings = task.settings
    batch = to_batch(kind, [_row(task, item, decoded) for item, decoded in records])
    wanted = profile(kind, settings.rules)
    texts = [views.segments(kind, decoded.payload) for _, decoded in records]
    counts = count_rows(texts, counter(settings.tokenizer))
    return Part(
        columns=packed(_kept(batch, wanted)),
        rows=np.array([position(task.number, item.row) for item, _ in records], np.int64),
        places=np.array([item.line or item.row + 1 for item, _ in records], np.int64),
        keys=np.array([decoded.content_hash for _, decoded in records], "S32"),
        ids=np.array([_id_hash(decoded.user_id) for _, decoded in records], np.uint64).view(np.int64),
        tokens=(counts.total, counts.trained, counts.prompt),
        overlaps=_overlaps(settings, kind, [decoded.payload for _, decoded in records]),
        summaries=[packed(signal.summarise(batch, kind)) for signal in wanted.summaries],
        samples=[item.obj for item, _ in spread(records, SAMPLES)] if settings.samples else [],
    )


def spread(records: Sequence[Any], n: int) -> Sequence[Any]:
    """At most n of them, evenly spaced, the first among them."""
    return records[:: -(-len(records) // n)] if records else records


def position(chunk: int, row: int) -> int:
    """A record's place in its file: rows of a document that explodes count from 0 in every chunk."""
    return chunk << 32 | row


def record_name(source: int, place: int) -> str:
    return f"{source:06d}/{place:018d}"


def _row(task: Task, item: Item, decoded: Decoded) -> Row:
    # The path is our own number for the file: short, and in reading order however files are called.
    path, row = f"{task.source:06d}", position(task.number, item.row)
    return Row(
        decoded=decoded,
        record_id=record_name(task.source, row),
        source={"uri": "", "path": path, "row": row, "offset": item.offset, "format": task.chunk.shape.format},
    )


def _id_hash(user_id: str | None) -> int:
    return 0 if user_id is None else xxhash.xxh3_64_intdigest(user_id.encode("utf-8", "surrogatepass")) or 1


def _kept(batch: pa.RecordBatch, wanted: Profile) -> pa.Table:
    columns = {name: batch.column(name) for name in wanted.columns}
    return pa.table(columns | run_together(wanted.row_signals, batch, wanted.kind))


def _overlaps(settings: Settings, kind: str, payloads: Sequence[Mapping[str, Any]]) -> list[tuple[int, Match]]:
    compared = eval_index(settings)
    if compared is None:
        return []
    wholes = [_text(views.whole_of(kind, payload)) for payload in payloads]
    prompts = [_text(views.prompt_of(kind, payload)) for payload in payloads]
    return strongest(compared.index.find(pa.array(wholes, TEXT), pa.array(prompts, TEXT)))


@dataclass(frozen=True, slots=True)
class EvalSet:
    """An evaluation set, ready to search. unread: records of its files that could not be read."""

    index: Index
    unread: int

    @classmethod
    def of(cls, records: Sequence[tuple[str, str, str]], unread: int = 0) -> EvalSet:
        """From (place, prompt, whole text). Items of fewer than 8 words match as a whole or not at all: these checks
        are part of a gate, and a phrase may stand anywhere."""
        items = Items.of([(at, _text(prompt), _text(whole), ()) for at, prompt, whole in records])
        return cls(build(items, inside=False, min_prompt_words=1), unread)


def _text(text: str) -> str:
    """Half of a surrogate pair is no character: Arrow holds none."""
    return text.encode("utf-8", "replace").decode()


@lru_cache(maxsize=1)
def eval_index(settings: Settings) -> EvalSet | None:
    """The evaluation set, read once per process: cheaper than sending it with every chunk."""
    if settings.eval_items:
        return EvalSet.of(settings.eval_items)
    if not settings.eval_files:
        return None
    from assay.flows.check.files import eval_records

    records, unread = eval_records(settings)
    return EvalSet.of(records, unread)


def packed(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=_WRITE) as writer:
        writer.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def unpacked(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(data).read_all()
