"""One function over items: inline, on threads or in spawned processes; results in order, look-ahead bounded.

A process that dies or overruns its time takes nothing with it: the item it held is split and tried again, down
to the one piece that kills, which is reported to `on_crash`; everything else comes out as if nothing had happened.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from assay.engine.pool import Crash, Pool

Mode = Literal["threads", "processes", "inline"]
Item = TypeVar("Item")
Out = TypeVar("Out")


class WorkerCrashed(RuntimeError):
    """A worker died on one item and nobody said what to do about it. `item` is what it held."""

    def __init__(self, detail: str, item: Any) -> None:
        super().__init__(detail)
        self.item = item


def default_workers() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(
    fn: Callable[[Item], Out],
    items: Iterable[Item],
    *,
    workers: int | None = None,
    mode: Mode = "threads",
    timeout_s: float | None = None,
    split: Callable[[Item], list[Item]] | None = None,
    join: Callable[[list[Out]], Out] | None = None,
    on_crash: Callable[[Item, str], Out] | None = None,
    progress: Callable[[Item, Out], None] | None = None,
) -> Iterator[Out]:
    """`fn` of every item, in the order of `items`, which are taken only a few ahead of what is given back.

    `processes` needs `fn` to be importable by name (a module's function or a partial of one) and items and results
    that pickle. Only there can `timeout_s` (per item) and crashes be caught. `split` gives the parts of an item (itself
    alone when it has none) and `join` makes one result of theirs; both or neither. An exception in `fn` is raised
    here with the item as `error.item`. `progress` is called with each item and result as they are given back.
    """
    workers = max(workers or default_workers(), 1)
    if mode == "processes":
        pairs = _processes(fn, items, workers, timeout_s, _Rescue(split, join, on_crash))
    elif mode == "threads" and workers > 1:
        pairs = _threads(fn, items, workers)
    else:
        pairs = ((item, _call(fn, item)) for item in items)
    for item, result in pairs:
        if progress is not None:
            progress(item, result)
        yield result


def _call(fn: Callable[[Item], Out], item: Item) -> Out:
    try:
        return fn(item)
    except Exception as error:
        raise _with_item(error, item) from error.__cause__


def _with_item(error: Exception, item: Any) -> Exception:
    error.item = item  # type: ignore[attr-defined]  # any exception may carry what it happened to
    return error


def _threads(fn: Callable[[Item], Out], items: Iterable[Item], workers: int) -> Iterator[tuple[Item, Out]]:
    waiting: deque[tuple[Item, Future[Out]]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="assay") as pool:
        try:
            for item in items:
                waiting.append((item, pool.submit(_call, fn, item)))
                if len(waiting) > workers + 1:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            for _, future in waiting:
                future.cancel()


@dataclass
class _Rescue:
    """What to do with an item that killed its worker."""

    split: Callable[[Any], list[Any]] | None
    join: Callable[[list[Any]], Any] | None
    on_crash: Callable[[Any, str], Any] | None

    def parts(self, item: Any) -> list[Any]:
        if self.split is None or self.join is None:
            return [item]
        return self.split(item)


@dataclass
class _Task:
    """An item on its way, or part of one."""

    item: Any
    parts: list[_Task] = field(default_factory=list)
    result: Any = None
    done: bool = False

    def finished(self) -> bool:
        return self.done or (bool(self.parts) and all(part.finished() for part in self.parts))

    def value(self, rescue: _Rescue) -> Any:
        if not self.parts:
            return self.result
        assert rescue.join is not None
        return rescue.join([part.value(rescue) for part in self.parts])


def _processes(
    fn: Callable[[Any], Any], items: Iterable[Any], workers: int, timeout_s: float | None, rescue: _Rescue
) -> Iterator[tuple[Any, Any]]:
    source = iter(items)
    order: deque[_Task] = deque()  # as they must come out
    ready: deque[_Task] = deque()  # not yet with a worker; the pieces of a crashed item go first
    more = True
    with Pool(fn, workers, timeout_s) as pool:
        while True:
            while more and len(order) < 2 * workers + 1 and len(ready) < workers:
                try:
                    task = _Task(next(source))
                except StopIteration:
                    more = False
                    break
                order.append(task)
                ready.append(task)
            while ready and pool.idle():
                task = ready.popleft()
                pool.send(task, task.item)
            if order and order[0].finished():
                first = order.popleft()
                yield first.item, first.value(rescue)
                continue
            if not order and not more:
                return
            for task, outcome in pool.wait():
                _settle(task, outcome, ready, rescue)


def _settle(task: _Task, outcome: Any, ready: deque[_Task], rescue: _Rescue) -> None:
    if not isinstance(outcome, Crash):
        if outcome.error is not None:
            raise _with_item(outcome.error, task.item)
        task.result, task.done = outcome.value, True
        return
    parts = rescue.parts(task.item)
    if len(parts) > 1:
        task.parts = [_Task(part) for part in parts]
        ready.extendleft(reversed(task.parts))
        return
    if rescue.on_crash is None:
        raise WorkerCrashed(outcome.detail, task.item)
    task.result, task.done = rescue.on_crash(task.item, outcome.detail), True
