"""Functions of the shuffle's tests, importable by name where tasks run, and the plain shuffle they are held against."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import UserError
from assay.engine import Engine, Part

PARTITIONS = 5

Row = tuple[int, float]


def doubled(n: int) -> int:
    return n * 2


def late_if_early(n: int) -> int:
    time.sleep(0.2 if n == 0 else 0.0)
    return n


def refuse(n: int) -> int:
    if n == 3:
        raise UserError("E311", "gone", at="here", fix="look elsewhere")
    return n


class Unpicklable(Exception):
    def __init__(self, a: int, b: int) -> None:
        super().__init__("two arguments")


def fail_oddly(n: int) -> int:
    raise Unpicklable(n, n)


def die(n: int) -> int:
    os._exit(7)


def process(_: int) -> int:
    return os.getpid()


def search_path(_: int) -> str:
    return os.environ.get("PYTHONPATH", "")


def split_rows(rows: list[Row], *, partitions: int = PARTITIONS, pause_s: float = 0.0) -> tuple[int, list[Part]]:
    """Rows by key modulo partitions. A partition without rows gets an empty part."""
    time.sleep(pause_s)
    keys = np.array([key for key, _ in rows], np.int64)
    values = np.array([value for _, value in rows], np.float64)
    parts: list[Part] = []
    for partition in range(partitions):
        mine = keys % partitions == partition
        parts.append({"key": keys[mine], "value": values[mine]} if mine.any() else {})
    return len(rows), parts


def rows_of(partition: int, parts: list[Part], *shared: Any) -> tuple[int, list[list[Row]], list[Any]]:
    rows = [list(zip(part["key"].tolist(), part["value"].tolist(), strict=True)) if part else [] for part in parts]
    return partition, rows, [value.tolist() if isinstance(value, np.ndarray) else value for value in shared]


def plain_shuffle(items: list[list[Row]], partitions: int) -> dict[int, list[list[Row]]]:
    """What a shuffle is, said with a dictionary."""
    found: dict[int, list[list[Row]]] = {partition: [[] for _ in items] for partition in range(partitions)}
    for number, rows in enumerate(items):
        for key, value in rows:
            found[key % partitions][number].append((key, value))
    return found


def shuffled(engine: Engine, items: list[list[Row]], partitions: int = PARTITIONS) -> dict[int, list[list[Row]]]:
    with engine.scatter(partial(split_rows, partitions=partitions), items, partitions) as found:
        assert found.heads == [len(rows) for rows in items]
        assert found.sizes == [
            16 * sum(key % partitions == n for rows in items for key, _ in rows) for n in range(partitions)
        ]
        return {partition: rows for partition, rows, _ in found.gather(rows_of, range(partitions))}


def some_items(count: int = 9) -> list[list[Row]]:
    random = np.random.default_rng(7)
    return [
        [(int(key), float(value)) for key, value in zip(random.integers(0, 99, n), random.random(n), strict=True)]
        for n in (random.integers(0, 40, count) if count else [])
    ]


def every_dtype(number: int) -> tuple[None, list[Part]]:
    """Arrays that are awkward to store: empty, without a shape, of two dimensions, strided, in Fortran's order."""
    part: Part = {
        "empty": np.empty((0, 3), np.float32),
        "one": np.array(number),
        "square": np.arange(6, dtype=np.uint16).reshape(2, 3) + number,
        "strided": np.arange(20)[::3] + number,
        "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "yes": np.array([True, False]),
        "day": np.array(["2024-02-29", "NaT"], "datetime64[D]"),
        "text": np.array(["é", "longer"]),
        "fields": np.array([(1, 2.5)], [("a", "i4"), ("b", "f8")]),
        "big": np.array([1], ">i8"),
    }
    return None, [part, {}]


def described(partition: int, parts: list[Part]) -> list[list[tuple[str, str, tuple[int, ...], str, bool]]]:
    return [
        [(name, str(a.dtype.descr), a.shape, repr(a.tolist()), a.flags.writeable) for name, a in part.items()]
        for part in parts
    ]


def write_into(partition: int, parts: list[Part], *shared: Any) -> None:
    (shared[0] if shared else parts[0]["key"])[0] = 1


def wrong_count(_: int) -> tuple[None, list[Part]]:
    return None, [{}]


def objects(_: int) -> tuple[None, list[Part]]:
    return None, [{"names": np.array([None], object)}, {}]


def fail_at_two(n: int) -> tuple[None, list[Part]]:
    if n == 2:
        raise ValueError("two is not welcome")
    return None, [{"n": np.full(100, n)}] * 2


def fail_to_gather(partition: int, parts: list[Part]) -> int:
    if partition == 1:
        raise UserError("E311", "gone", at="here")
    return partition


def wide(
    item: int | NDArray[np.int64], *, rows: int, pause_s: float, told: Path | None = None
) -> tuple[str, list[Part]]:
    """Parts too big to travel inside a message: they lie in the store of the node that made them.

    Every call leaves a file in `told`, named after the node it runs on.
    """
    number = int(np.ravel(item)[0])
    if told is not None:
        (told / f"{where()}-{number}-{time.time_ns()}").touch()
    time.sleep(pause_s)
    keys = np.random.default_rng(number).integers(0, 1 << 40, rows)
    return where(), [{"key": keys[keys % PARTITIONS == n]} for n in range(PARTITIONS)]


def digest(partition: int, parts: list[Part], offset: Any, *, pause_s: float = 0.0) -> tuple[str, tuple[int, ...]]:
    time.sleep(pause_s)
    return where(), tuple(int((part["key"] * (n + 1) + offset[0]).sum()) for n, part in enumerate(parts))


def where() -> str:
    """The node this runs on, where there are nodes."""
    ray = __import__("sys").modules.get("ray")
    return ray.get_runtime_context().get_node_id() if ray is not None and ray.is_initialized() else ""


def count_by_kernel(partition: int, parts: list[Part]) -> int:
    from assay.kernels.shingles import mixed

    return sum(sum(int(mixed(key)) >= 0 for key in part["key"].astype(np.uint64)) for part in parts if part)
