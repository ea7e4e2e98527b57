"""The other end of the pool: take the function once, then one item after the other, until the parent is gone."""

from __future__ import annotations

import pickle
import signal
import traceback
from multiprocessing.connection import Connection
from typing import Any

from assay.engine.pool import Outcome


def main(fd: int) -> None:
    # The parent decides what an interrupt means; it stops its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    link: Connection[Any, Any] = Connection(fd)
    try:
        fn = pickle.loads(link.recv_bytes())
        link.send_bytes(b"ready")
        while True:
            item = pickle.loads(link.recv_bytes())
            link.send_bytes(_outcome(fn, item))
    except (EOFError, ConnectionResetError, BrokenPipeError):
        return


def _outcome(fn: Any, item: Any) -> bytes:
    try:
        return pickle.dumps(Outcome(value=fn(item)), protocol=5)
    except Exception as error:
        error.add_note("in a worker process:\n" + "".join(traceback.format_exception(error)))
        try:
            data = pickle.dumps(Outcome(error=error), protocol=5)
            pickle.loads(data)
        except Exception:  # an exception that does not travel is told in words
            return pickle.dumps(Outcome(error=RuntimeError("".join(traceback.format_exception(error)))), protocol=5)
        return data
