"""What an engine can do: the same functions over items, and a shuffle between them, on threads or on Ray.

A shuffle brings together what belongs together. `scatter` cuts every item into parts, one per partition; `gather`
gives all parts of one partition, in item order, to one call. Which engine ran, with how many workers, what was
spilled and which node died do not show in the results.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from assay.core.errors import UnknownName, UserError

Part: TypeAlias = dict[str, NDArray[Any]]  # named arrays: what travels between tasks; may be empty
Item = TypeVar("Item")
Out = TypeVar("Out")
Head = TypeVar("Head")

ENGINES = ("threads", "ray")
MEMORY_BYTES = 256 << 20


class Scattered(ABC, Generic[Head]):
    """The parts of all items, by partition. A context manager; `close` frees files and objects.

    `heads` is what `split` returned beside the parts, in item order. `sizes` is bytes of arrays per partition.
    """

    heads: list[Head]
    sizes: list[int]

    @abstractmethod
    def gather(self, fn: Callable[..., Out], partitions: Sequence[int], *shared: Any) -> Iterator[Out]:
        """`fn(partition, parts, *shared)` of each partition asked for, in that order; `parts` is in item order.

        The arrays of parts, and arrays that are `shared` with every call, are read-only on every engine. A partition
        may be gathered any number of times. RuntimeError after `close`.
        """

    @abstractmethod
    def close(self) -> None:
        """Free what the parts take. May be called twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()


class Engine(Protocol):
    """Runs functions. A context manager; `close` ends what the engine itself started."""

    name: str

    def map(self, fn: Callable[[Item], Out], items: Sequence[Item]) -> Iterator[Out]:
        """`fn` of every item, in the order of items, worked on only a few ahead of what is given back.

        An exception in `fn` is raised here as it was, with the item as `error.item`. Arrays in results may be
        read-only: copy one to write into it. What was begun when the caller stops is finished, and dropped.
        """
        ...

    def scatter(
        self,
        split: Callable[[Item], tuple[Head, list[Part]]],
        items: Sequence[Item],
        partitions: int,
        done: Callable[[Head], None] | None = None,
    ) -> Scattered[Head]:
        """Cut every item: `split` gives its head (small, kept here) and exactly one part per partition.

        Which row goes to which partition is `split`'s decision and must follow from the row alone. `done` is called
        here with each head, in item order, as soon as there is one: to say how far it is.
        ValueError for another number of parts, TypeError for arrays of Python objects.
        """
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None: ...


def open_engine(
    name: str = "threads",
    *,
    address: str | None = None,
    workers: int | None = None,
    spill: Path | None = None,
    memory_bytes: int = MEMORY_BYTES,
) -> Engine:
    """The engine called `threads` or `ray`.

    `workers` is how many calls run at once: all cores of this machine, or of the cluster, when None. `address` is the
    `host:port` of a Ray cluster's head node; without one Ray runs on this machine alone, on loopback. `spill` is the
    folder below which parts are kept that do not fit into memory; a temporary one when None. `memory_bytes` is what
    `threads` keeps of parts in memory; Ray decides that by its object store.

    Raises UserError E101 for an unknown name, E104 for an address with `threads`, E105 where Ray is not installed,
    E111 for a cluster that does not answer.
    """
    if name == "threads":
        from assay.engine.local import Threads

        if address is not None:
            raise UserError("E104", "engine 'threads' has no address", at="engine", fix="leave it out, or take 'ray'")
        return Threads(workers=workers, spill=spill, memory_bytes=memory_bytes)
    if name == "ray":
        from assay.engine.cluster import Ray

        return Ray(address=address, workers=workers, spill=spill)
    raise UnknownName("engine", name, ENGINES, at="engine")


def checked(parts: list[Part], partitions: int) -> list[Part]:
    """Parts as they travel: one per partition, arrays contiguous, none of Python objects."""
    if len(parts) != partitions:
        raise ValueError(f"split gave {len(parts)} parts for {partitions} partitions")
    for part in parts:
        for name, array in part.items():
            if array.dtype.hasobject:
                raise TypeError(f"part {name!r} holds Python objects")
    return [{name: np.asarray(array, order="C") for name, array in part.items()} for part in parts]


def bytes_of(part: Part) -> int:
    return sum(array.nbytes for array in part.values())


def read_only(value: Any) -> Any:
    """A view of an array that cannot be written through; other values as they are."""
    if not isinstance(value, np.ndarray):
        return value
    view = value.view()
    view.flags.writeable = False
    return view


def read_only_part(part: Part) -> Part:
    return {name: read_only(array) for name, array in part.items()}


def disk_full(place: Path | str) -> UserError:
    return UserError("E408", "no space left for what is spilled", at=str(place), fix="free some space, then run again")
