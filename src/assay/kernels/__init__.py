"""Numba over uint8 and offset buffers: arrays in, arrays out. No Arrow, no I/O, never parallel or fastmath."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba as nb

Function = TypeVar("Function", bound=Callable[..., object])


def kernel(function: Function) -> Function:
    """Compile on first call, keep the result on disk, release the interpreter lock while running.

    Not `parallel`: sums would change with the number of threads, and concurrent calls abort. Parallelism belongs
    to the engine. `py_func` of the result is the plain Python function.
    """
    return cast(Function, nb.njit(cache=True, nogil=True)(function))
