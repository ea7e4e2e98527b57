"""One number for what a version holds. Defined in docs/decisions/table-digest.md: change both, and the header."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.store.rowhash import hash_rows
from assay.store.table import Table

_HEADER = b"assay table digest 1\n"
# Where things lie is no content: the same folder elsewhere gives the same digest, and so do raw bytes packed into
# other blobs because fragments were cut elsewhere (blobs answer for their bytes by their own names).
WITHOUT = {"source": ("uri",), "raw": ("sha256", "offset")}
_RUN_ROWS = 4_000_000  # about 250 MB of ids and hashes; beyond it, sorted runs go to disk
_BLOCK_ROWS = 1 << 16
_KEY = pa.schema([pa.field("id", pa.large_string()), pa.field("hash", pa.binary(16))])


def digest_table(table: Table, fields: pa.Schema, signals: Mapping[str, str], *, run_rows: int = _RUN_ROWS) -> str:
    """SHA-256 over the hashes of all rows in order of record_id. 64 hex digits.

    Args
        signals: signal name -> stored column.
        run_rows: how many (id, hash) pairs are sorted in memory at once.
    """
    names = fields.names
    found = hashlib.sha256(_HEADER + "\n".join(sorted(names)).encode() + b"\n")
    with tempfile.TemporaryDirectory(prefix="assay-digest-") as folder:
        runs: list[Path] = []
        held: list[pa.RecordBatch] = []
        rows = 0
        for batch in table.scan([*names, *signals.values()]):
            hashes = hash_rows(batch, names, signals, WITHOUT)
            packed = pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(16), len(hashes), [None, pa.py_buffer(np.ascontiguousarray(hashes, "<u8").tobytes())]
            )
            ids = pa.concat_arrays([batch.column(batch.schema.get_field_index("record_id"))])
            held.append(pa.RecordBatch.from_arrays([ids, packed], schema=_KEY))
            rows += batch.num_rows
            if rows >= run_rows:
                runs.append(_spill(_sorted(held), Path(folder) / str(len(runs))))
                held, rows = [], 0
        if not runs:
            if held:
                _feed(found, _sorted(held))
        else:
            if held:
                runs.append(_spill(_sorted(held), Path(folder) / str(len(runs))))
            for block in _merged(runs):
                _feed(found, block)
    return found.hexdigest()


def _feed(found: hashlib._Hash, rows: pa.Table) -> None:
    for chunk in rows.column("hash").chunks:
        start = chunk.offset * 16
        found.update(memoryview(chunk.buffers()[1])[start : start + len(chunk) * 16])


def _sorted(batches: list[pa.RecordBatch]) -> pa.Table:
    rows = pa.Table.from_batches(batches, _KEY).combine_chunks()
    ordered = rows.take(pc.sort_indices(rows.column("id")))
    ids = ordered.column("id").combine_chunks()
    if len(ids) > 1 and pc.any(pc.equal(ids[1:], ids[:-1])).as_py():
        # Ids that come twice (fsck tells) must not make the digest depend on the layout.
        ordered = rows.take(pc.sort_indices(rows, sort_keys=[("id", "ascending"), ("hash", "ascending")]))
    return ordered


def _spill(rows: pa.Table, path: Path) -> Path:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, _KEY) as writer:
        writer.write_table(rows, max_chunksize=_BLOCK_ROWS)
    return path


def _merged(runs: list[Path]) -> Iterator[pa.Table]:
    """Sorted runs as one sorted sequence: repeatedly everything up to the smallest of the blocks' last ids."""
    with ExitStack() as stack:
        readers = [pa.ipc.open_file(stack.enter_context(pa.memory_map(str(path)))) for path in runs]
        blocks = [_blocks(reader) for reader in readers]
        heads = [next(block, None) for block in blocks]
        while True:
            alive = [k for k, head in enumerate(heads) if head is not None]
            if not alive:
                return
            bound = min(_last(heads[k]) for k in alive)
            ready = []
            for k in alive:
                # Every block whose rows may be <= bound, to its end: equal ids must meet in one sort.
                while (head := heads[k]) is not None:
                    upto = int(np.count_nonzero(pc.less_equal(head.column(0), bound).to_numpy(zero_copy_only=False)))
                    if upto:
                        ready.append(head.slice(0, upto))
                    if upto < head.num_rows:
                        heads[k] = head.slice(upto)
                        break
                    heads[k] = next(blocks[k], None)
            yield _sorted(ready)


def _blocks(reader: pa.RecordBatchFileReader) -> Iterator[pa.RecordBatch]:
    for index in range(reader.num_record_batches):
        yield reader.get_batch(index)


def _last(batch: pa.RecordBatch | None) -> str:
    assert batch is not None
    return str(batch.column(0)[batch.num_rows - 1].as_py())
