"""Functions that worker processes import by name, well behaved and not."""

from __future__ import annotations

import os
import signal
import time


def double(n: int) -> int:
    return n * 2


def slow_first(n: int) -> int:
    if n == 0:
        time.sleep(0.3)
    return n


def fail_on_three(n: int) -> int:
    if n == 3:
        raise ValueError("three is not welcome")
    return n


def total(items: list[int]) -> list[int]:
    """Doubles; 13 kills the process, -1 hangs it, -9 gets it killed from outside."""
    for item in items:
        if item == 13:
            os._exit(7)
        if item == -1:
            time.sleep(600)
        if item == -9:
            os.kill(os.getpid(), signal.SIGKILL)
        if item == -11:
            os.kill(os.getpid(), signal.SIGSEGV)
    return [item * 2 for item in items]


def whose(_: int) -> int:
    return os.getpid()


class Unpicklable(Exception):
    def __init__(self, a: int, b: int) -> None:
        super().__init__("two arguments")


def fail_oddly(n: int) -> int:
    raise Unpicklable(n, n)
