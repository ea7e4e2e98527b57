"""One writer per dataset: a lock that dies with its process, and says who holds it."""

from __future__ import annotations

import fcntl
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from assay.core.errors import UserError
from assay.store.ledger_db import now


class Holder(msgspec.Struct):
    pid: int
    host: str
    verb: str
    since: str


class _Held:
    def __init__(self, fd: int, thread: int) -> None:
        self.fd, self.thread, self.depth = fd, thread, 1


_held: dict[str, _Held] = {}
_guard = threading.Lock()


@contextmanager
def lock(path: Path, what: str, *, verb: str = "", wait_s: float = 0.0) -> Iterator[None]:
    """Hold the writer lock at `path` until the block ends; the same thread may take it again.

    The kernel frees it when the process dies, however it dies, so that a left-over file is no lock.

    Args
        what: the dataset, for the error. verb: what the holder is doing, for others' errors.
        wait_s: how long to wait for another holder.
    Raises
        UserError E405: another process, or another thread of this one, holds it.
    """
    acquire(path, what, verb=verb, wait_s=wait_s)
    try:
        yield
    finally:
        release(path)


def acquire(path: Path, what: str, *, verb: str = "", wait_s: float = 0.0) -> None:
    until = time.monotonic() + wait_s
    while not _try(path, verb):
        if time.monotonic() >= until:
            raise UserError("E405", f"{what} is being written by {holder(path)}", fix="wait for it to end")
        time.sleep(0.05)


def try_if_free(path: Path, *, verb: str = "") -> bool:
    """Take it if no process holds it, this one included."""
    return not held_here(path) and _try(path, verb)


def held_here(path: Path) -> bool:
    """Whether this process holds it."""
    with _guard:
        return str(path) in _held


def release(path: Path) -> None:
    with _guard:
        held = _held[str(path)]
        held.depth -= 1
        if held.depth == 0:
            del _held[str(path)]
            os.ftruncate(held.fd, 0)
            os.close(held.fd)


def holder(path: Path) -> str:
    """Who holds the lock, as a sentence part."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Holder)
    except (OSError, msgspec.DecodeError):
        return "another process"
    return f"process {found.pid} on {found.host} ({found.verb or 'writing'}, since {found.since})"


def _try(path: Path, verb: str) -> bool:
    key, me = str(path), threading.get_ident()
    with _guard:
        held = _held.get(key)
        if held is not None:
            if held.thread != me:
                return False
            held.depth += 1
            return True
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            return False
        os.ftruncate(fd, 0)
        os.pwrite(fd, msgspec.json.encode(Holder(os.getpid(), socket.gethostname(), verb, now())), 0)
        _held[key] = _Held(fd, me)
        return True
