"""Damaged files of every format: no reader raises, every byte that is read is accounted for, batches do not matter."""

from __future__ import annotations

import gzip
import io
import json
import random
import time
from collections import Counter
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.formats import ByteStream, shape_of
from tests.formats.reading import accounted

_ROWS = [{"id": n, "prompt": f"What is {n} \u00e9?", "best_answer": 'a, "b"\n', "x": [1, {"y": n}]} for n in range(6)]
_TABLE = pa.table({"id": [1, 2, 3], "text": ["a", "b\u00e9", ""], "x": [[1.5], [], None]})


def _parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(_TABLE, sink, row_group_size=2)
    return sink.getvalue()


def _arrow() -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, _TABLE.schema) as out:
        out.write_table(_TABLE)
    return sink.getvalue()


def _stream() -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, _TABLE.schema) as out:
        out.write_table(_TABLE, max_chunksize=2)
    return sink.getvalue()


_JSONL = b"".join(json.dumps(row).encode() + b"\n" for row in _ROWS)
_CSV = 'text,label\n"a, ""b""\nc",x\ncafé,y\n,z\nd,"w"\n'.encode()
_SQUAD = {
    "version": "1",
    "data": [{"title": "T", "paragraphs": [{"context": "C", "qas": [{"id": "1", "question": "Q"}]}]}] * 2,
}
SEEDS: dict[str, tuple[str, bytes]] = {
    "json lines": ("x.jsonl", _JSONL),
    "json list": ("x.json", json.dumps(_ROWS, indent=2).encode()),
    "json list on one line": ("x.json", json.dumps(_ROWS).encode()),
    "json by id": ("x.json", json.dumps({str(row["id"]): row for row in _ROWS}).encode()),
    "json wrapped": ("x.json", json.dumps({"v": 1, "data": _ROWS, "z": "s"}).encode()),
    "json splits": ("x.json", json.dumps({"train": [["a", "b"]] * 3, "test": [["c", "d"]]}).encode()),
    "squad": ("x.json", json.dumps(_SQUAD).encode()),
    "one json object": ("x.json", json.dumps(_ROWS[0], indent=1).encode()),
    "csv": ("x.csv", _CSV),
    "tsv": ("x.tsv", _CSV.replace(b",", b"\t")),
    "markdown": ("x.md", "# Title\n\ncafé\n".encode()),
    "parquet": ("x.parquet", _parquet()),
    "arrow file": ("x.arrow", _arrow()),
    "arrow stream": ("x.arrow", _stream()),
    "gz": ("x.jsonl.gz", gzip.compress(_JSONL, mtime=0) * 2),
    "zst": ("x.jsonl.zst", zstandard.ZstdCompressor().compress(_JSONL) * 2),
    "no name": ("data", _JSONL),
}  # fmt: skip
_SPICE = (
    *(b'"', b"\\", b"{", b"}", b"[", b"]", b",", b"\n", b"\r\n", b"\t", b"\0", b"\xff"),
    *(b"\xef\xbb\xbf", b"NaN", b"1e999", b"\\ud800", b"\\u0022"),
)


def _flip(data: bytearray, rng: random.Random) -> None:
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


def _drop(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.randrange(1, 20)]


def _spice(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.choice(_SPICE)


def _double(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    data[at:at] = data[at : at + rng.randrange(1, 60)]


def _zero(data: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    data[at : at + 8] = b"\0" * len(data[at : at + 8])


MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (_flip, _cut, _drop, _spice, _double, _zero)


def mutated(seed: bytes, number: int) -> bytes:
    """The same damage for the same number, on any machine."""
    rng = random.Random(number)
    data = bytearray(seed)
    for _ in range(rng.choice((1, 1, 2, 4))):
        if data:
            rng.choice(MUTATIONS)(data, rng)
    return bytes(data)


def is_accounted(name: str, data: bytes, number: int) -> tuple[int, int]:
    """(records, bad places), after checking that nothing was lost, doubled or dependent on batches."""
    path = SEEDS[name][0]
    found = accounted(data, path)
    if found is None:
        return 0, 0
    small = 1 + number % 97
    assert accounted(data, path, batch_bytes=small) == found, (name, number)
    if shape_of(ByteStream(io.BytesIO(data)), path).format == "jsonl" and not path.endswith((".gz", ".zst")):
        # The oracle: each line that holds something is one record or one bad place, with its bytes.
        lines = [line.strip(b" \t\r\n") for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n")]
        assert [row[3] for row in found] == [line for line in lines if line], (name, number)
    bad = sum(len(row) == 7 for row in found)
    return len(found) - bad, bad


@pytest.mark.parametrize("name", SEEDS)
def test_sixty_damaged_files_are_accounted_for(name: str) -> None:
    for number in range(60):
        is_accounted(name, mutated(SEEDS[name][1], number), number)


@settings(max_examples=150)
@given(st.sampled_from(sorted(SEEDS)), st.binary(max_size=400))
def test_any_bytes_under_any_name_are_accounted_for(name: str, data: bytes) -> None:
    is_accounted(name, data, len(data))


@settings(max_examples=150)
@given(
    st.sampled_from(sorted(SEEDS)),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=6), st.integers(0, 30)), max_size=5),
)
def test_any_splices_are_accounted_for(name: str, splices: list[tuple[float, bytes, int]]) -> None:
    data = bytearray(SEEDS[name][1])
    for where, insert, drop in splices:
        at = int(where * len(data))
        data[at : at + drop] = insert
    is_accounted(name, bytes(data), len(splices))


@pytest.mark.slow
def test_a_hundred_thousand_damaged_files_are_accounted_for(capsys: pytest.CaptureFixture[str]) -> None:
    tally: Counter[str] = Counter()
    started = time.perf_counter()
    names = list(SEEDS)
    for number in range(100_000):
        name = names[number % len(names)]
        records, bad = is_accounted(name, mutated(SEEDS[name][1], number), number)
        tally["files"] += 1
        tally[f"{name}: records"] += records
        tally[f"{name}: bad places"] += bad
    with capsys.disabled():
        print(f"\n{tally.pop('files'):,} damaged files in {time.perf_counter() - started:.0f} s, none lost")
        for what, count in sorted(tally.items()):
            print(f"  {what} {count:,}")
