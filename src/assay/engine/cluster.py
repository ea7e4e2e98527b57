"""The Ray engine: a task per item and per partition; parts travel through Ray's object store.

Plain tasks and no actors, so that everything a dying node takes with it is made again by running its tasks again:
Ray knows from which call each object came. What is given back is in order, so none of that shows.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import sys
import threading
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from assay.core.errors import UserError
from assay.core.extras import need_extra
from assay.engine.exchange import (
    Head,
    Item,
    Out,
    Part,
    Scattered,
    bytes_of,
    checked,
    disk_full,
    read_only,
    read_only_part,
)
from assay.engine.run import WorkerCrashed

_RETRIES = 5  # of one task, for deaths of its process or node; an exception in the function is never tried again
_CONNECT_S = 10.0
_START = "ray start --head --port 6379; then host:port of that machine"
# HTTP/2's greeting with empty settings: what speaks gRPC answers with a settings frame, whatever else does not.
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Ray:
    """`open_engine("ray")`.

    A Ray that this process is connected to already is used as it is. Otherwise `address` (or RAY_ADDRESS) is joined,
    or a Ray of this machine alone is started, and ended by `close`. The nodes of a cluster must have Assay installed,
    and everything else that the functions import.
    """

    name = "ray"

    def __init__(self, *, address: str | None = None, workers: int | None = None, spill: Path | None = None) -> None:
        need_extra("ray", "engine 'ray'")
        import ray

        self._open: weakref.WeakSet[_InStore[Any]] = weakref.WeakSet()
        self._ours = not ray.is_initialized()
        address = address or os.environ.get("RAY_ADDRESS") or None
        if not self._ours:
            _same_cluster(address)
        elif address is None:
            _start_local(workers, spill)
        else:
            _join(address)
        self._restore = _errors_to_stderr() if self._ours else lambda: None
        self._workers = workers or max(int(ray.cluster_resources().get("CPU", 1)), 1)

    def map(self, fn: Callable[[Item], Out], items: Sequence[Item]) -> Iterator[Out]:
        import ray

        work, function = _task(_map), ray.put(fn)
        return _in_order(lambda item: work.remote(function, item), items, self._workers)

    def scatter(
        self,
        split: Callable[[Item], tuple[Head, list[Part]]],
        items: Sequence[Item],
        partitions: int,
        done: Callable[[Head], None] | None = None,
    ) -> Scattered[Head]:
        import ray

        if partitions < 1:
            raise ValueError("at least one partition")
        found: _InStore[Head] = _InStore(partitions, self._workers)
        self._open.add(found)
        work, function = _task(_split).options(num_returns=partitions + 1), ray.put(split)

        def start(item: Item) -> Any:
            head, *parts = work.remote(function, partitions, item)
            found.parts.append(parts)
            return head

        try:
            for head, sizes in _in_order(start, items, self._workers):
                found.heads.append(head)
                found.sizes = [a + b for a, b in zip(found.sizes, sizes, strict=True)]
                if done is not None:
                    done(head)
        except BaseException:
            found.close()
            raise
        return found

    def close(self) -> None:
        import ray

        for found in list(self._open):
            found.close()
        if self._ours and ray.is_initialized():
            ray.shutdown()
        self._ours = False
        self._restore()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()


class _InStore(Scattered[Head]):
    """References to parts in the object store, by item and partition.

    Ray keeps what a split was given while a part may have to be made from it again.
    """

    def __init__(self, partitions: int, workers: int) -> None:
        self.heads, self.sizes = [], [0] * partitions
        self.parts: list[list[Any]] = []
        self._workers, self._closed = workers, False

    def gather(self, fn: Callable[..., Out], partitions: Sequence[int], *shared: Any) -> Iterator[Out]:
        import ray

        if self._closed:
            raise RuntimeError("what was scattered is closed")
        for partition in partitions:
            if not 0 <= partition < len(self.sizes):
                raise IndexError(f"partition {partition} of {len(self.sizes)}")
        work, function, given = _task(_gather), ray.put(fn), [ray.put(value) for value in shared]

        def start(partition: int) -> Any:
            parts = [of_item[partition] for of_item in self.parts]
            return work.remote(function, partition, len(given), *given, *parts)

        return _in_order(start, partitions, self._workers)

    def close(self) -> None:
        self._closed = True
        self.parts.clear()


def _map(fn: Callable[[Any], Any], item: Any) -> Any:
    return fn(item)


def _split(split: Callable[[Any], tuple[Any, list[Part]]], partitions: int, item: Any) -> tuple[Any, ...]:
    head, parts = split(item)
    parts = checked(parts, partitions)
    return (head, [bytes_of(part) for part in parts]), *parts


def _gather(fn: Callable[..., Any], partition: int, shared: int, *values: Any) -> Any:
    given, parts = values[:shared], values[shared:]
    return fn(partition, [read_only_part(part) for part in parts], *(read_only(value) for value in given))


@cache
def _task(function: Callable[..., Any]) -> Any:
    import ray

    return ray.remote(num_cpus=1, max_retries=_RETRIES, retry_exceptions=False)(function)


def _in_order(start: Callable[[Any], Any], items: Sequence[Any], workers: int) -> Iterator[Any]:
    """Results in order of items; `start` gives a reference. At most twice as many on their way as can run at once.

    Those still on their way when the caller stops run to their end unheard. Ray can cancel tasks, but where one ends
    just then it aborts our whole process (2.60: "Tried to complete task that was not pending").
    """
    waiting: deque[tuple[Any, Any]] = deque()
    for item in items:
        waiting.append((item, start(item)))
        if len(waiting) >= 2 * workers:
            yield _result(*waiting.popleft())
    while waiting:
        yield _result(*waiting.popleft())


def _result(item: Any, reference: Any) -> Any:
    import ray
    from ray import exceptions as says

    try:
        return ray.get(reference)
    except says.RayTaskError as error:
        cause, words = error.cause, _COLOUR.sub("", str(error))
        if isinstance(cause, says.RayError) or not isinstance(cause, Exception):
            cause = RuntimeError(words)  # an exception that does not travel is told in words
        else:
            cause.add_note(f"in a Ray worker:\n{words}")
        cause.item = item  # any exception may carry what it happened to
        raise cause from None
    except (says.OutOfDiskError, says.ObjectStoreFullError) as error:
        raise disk_full("Ray's object store") from error
    except says.RayError as error:
        raise WorkerCrashed(str(error), item) from error


def _start_local(workers: int | None, spill: Path | None) -> None:
    """A Ray of this machine alone, that nobody can reach from another one."""
    import ray
    from ray._private import ray_constants

    if spill is not None:
        spill.mkdir(parents=True, exist_ok=True)
    # Ray listens on every interface unless it believes that it runs where it has no clusters: there it uses loopback.
    # Its own variable says so to the processes that it starts; here the constant was read when it was imported.
    before = ray_constants.ENABLE_RAY_CLUSTER
    environment = {
        ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR: "0",
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    try:
        ray_constants.ENABLE_RAY_CLUSTER = False
        with _environment(environment), _own_sigterm(), quiet_forks():
            ray.init(
                "local",
                num_cpus=workers,
                include_dashboard=False,
                logging_level="ERROR",
                log_to_driver=False,
                _node_ip_address="127.0.0.1",
                object_spilling_directory=None if spill is None else str(spill.resolve()),
            )
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before


def _join(address: str) -> None:
    import ray

    _must_answer(address)
    try:
        with _own_sigterm(), quiet_forks():
            ray.init(address, logging_level="ERROR", log_to_driver=False)
    except (ConnectionError, RuntimeError, TimeoutError, ValueError, ray.exceptions.RayError) as error:
        ray.shutdown()
        raise UserError(
            "E111", f"the cluster at {address} cannot be joined: {error}", at="engine", fix=_START
        ) from error


def _must_answer(address: str) -> None:
    """E111 at once where Ray itself would go on trying for many minutes."""
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdecimal():
        raise UserError("E111", f"{address!r} is not host:port of a cluster", at="engine", fix=_START)
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S) as link:
            link.sendall(_GREETING)
            answer = link.recv(4)
    except (OSError, OverflowError) as error:
        what = f"nothing answers at {address}: {error}"
        raise UserError("E111", what, at="engine", fix=_START) from error
    if answer[3:] != b"\x04":
        raise UserError("E111", f"what answers at {address} is not a Ray cluster", at="engine", fix=_START)


def _errors_to_stderr() -> Callable[[], None]:
    """Ray says on standard output that a node died, where only results may stand. Gives what undoes it."""
    from ray._private import worker

    before = worker.print_to_stdstream

    def say(data: dict[str, Any], *rest: Any, **named: Any) -> None:
        before({**data, "is_err": True}, *rest, **named)

    def restore() -> None:
        worker.print_to_stdstream = before

    worker.print_to_stdstream = say
    return restore


def _same_cluster(address: str | None) -> None:
    """A process has one Ray. Hosts have many names, so only ports are compared."""
    import ray

    current = ray.get_runtime_context().gcs_address
    if address is not None and address.rpartition(":")[2] != current.rpartition(":")[2]:
        what = f"this process is connected to the cluster at {current}, not {address}"
        raise UserError("E111", what, at="engine", fix="leave the address out, or disconnect first")


@contextlib.contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _own_sigterm() -> Iterator[None]:
    """Ray sets a handler of its own; what SIGTERM means stays the caller's decision."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before if before is not None else signal.SIG_DFL)


@contextlib.contextmanager
def quiet_forks() -> Iterator[None]:
    """Ray forks to start its programs; the table library warns of every fork, for those that go on in Python."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="lance is not fork-safe", category=UserWarning)
        yield
