"""Worker processes from a clean interpreter, each holding one item at a time, so that a death names its item."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

_START_S = 120.0  # for a worker to import what it needs, on a machine busy with other things


@dataclass(frozen=True)
class Outcome:
    """What a worker sent back: a value, or the exception that its function raised."""

    value: Any = None
    error: Exception | None = None


@dataclass(frozen=True)
class Crash:
    """A worker that died, or was stopped after its time, while it held an item."""

    detail: str


class _Worker:
    """One process and our end of its socket.

    Not multiprocessing: its spawn imports the caller's __main__ again, which breaks scripts without a guard.
    """

    def __init__(self, fn: bytes) -> None:
        ours, theirs = socket.socketpair()
        code = "import sys; from assay.engine.worker import main; main(int(sys.argv[1]))"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, str(theirs.fileno())],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr if _has_fd(sys.stderr) else subprocess.DEVNULL,  # standard output is for results
            env=environment,
        )
        theirs.close()
        self.link: Connection[Any, Any] = Connection(ours.detach())
        self.link.send_bytes(fn)
        self.ready = False
        self.tag: Any = None
        self._first: Any = None
        self.since = time.monotonic()

    def send(self, tag: Any, item: Any) -> None:
        self.tag = tag
        if self.ready:
            self._give(item)
        else:
            self._first = item  # sent once it has started: a send would block until then

    def began(self) -> None:
        """It has imported what it needs: the time of its first item starts now."""
        self.ready = True
        self._give(self._first)
        self._first = None

    def _give(self, item: Any) -> None:
        self.since = time.monotonic()
        # Where it died before it began, `wait` sees that, and the item is not lost.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.link.send_bytes(pickle.dumps(item, protocol=5))

    def stop(self) -> None:
        self.link.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def how_it_died(self) -> str:
        code = self.process.wait()
        if code >= 0:
            return f"the worker process exited with code {code}"
        try:
            return f"the worker process was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"the worker process was killed by signal {-code}"


class Pool:
    """`send` to an idle worker, `wait` for what comes back. Dead workers are replaced. A context manager."""

    def __init__(self, fn: Callable[[Any], Any], workers: int, timeout_s: float | None) -> None:
        self._fn = pickle.dumps(fn, protocol=5)
        self._size, self._timeout_s = workers, timeout_s
        self._workers: list[_Worker] = []

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.stop()
        self._workers.clear()

    def idle(self) -> bool:
        return len(self._workers) < self._size or any(worker.tag is None for worker in self._workers)

    def send(self, tag: Any, item: Any) -> None:
        for worker in self._workers:
            if worker.tag is None:
                worker.send(tag, item)
                return
        worker = _Worker(self._fn)
        self._workers.append(worker)
        worker.send(tag, item)

    def wait(self) -> list[tuple[Any, Outcome | Crash]]:
        """Outcomes of at least one item: (tag, outcome). Stops workers that hold theirs for too long."""
        busy = [worker for worker in self._workers if worker.tag is not None]
        links: dict[Any, _Worker] = {worker.link: worker for worker in busy}
        found: list[tuple[Any, Outcome | Crash]] = []
        for link in wait(list(links), timeout=self._patience(busy)):
            worker = links[link]
            try:
                data = worker.link.recv_bytes()
            except (EOFError, ConnectionResetError):
                found.append((worker.tag, Crash(worker.how_it_died())))
                self._drop(worker)
                continue
            if not worker.ready:
                worker.began()
                continue
            found.append((worker.tag, pickle.loads(data)))
            worker.tag = None
        now = time.monotonic()
        for worker in [worker for worker in self._workers if worker.tag is not None]:
            limit = self._limit(worker)
            if limit is not None and now - worker.since >= limit:
                found.append((worker.tag, Crash(f"no result within {limit:g} s")))
                self._drop(worker)
        return found

    def _limit(self, worker: _Worker) -> float | None:
        return self._timeout_s if worker.ready else _START_S

    def _patience(self, busy: list[_Worker]) -> float | None:
        limits = [limit - (time.monotonic() - w.since) for w in busy if (limit := self._limit(w)) is not None]
        return max(min(limits), 0.0) if limits else None

    def _drop(self, worker: _Worker) -> None:
        worker.stop()
        self._workers.remove(worker)


def _has_fd(file: Any) -> bool:
    try:
        file.fileno()
    except (AttributeError, OSError, ValueError):
        return False
    return True
