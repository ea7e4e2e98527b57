"""Numba over uint8 and offset buffers: arrays in, arrays out. No Arrow, no I/O, never parallel or fastmath."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar, cast

import numba as nb

from assay.kernels.caching import LOCATORS

Function = TypeVar("Function", bound=Callable[..., object])
_deciding = threading.Lock()


def kernel(function: Function) -> Function:
    """Compile on first call, keep the result on disk, release the interpreter lock while running.

    Not `parallel`: sums would change with the number of threads, and concurrent calls abort. Parallelism belongs
    to the engine. `py_func` of the result is the plain Python function.
    """
    with _deciding:  # Numba asks where to keep a function while it is decorated; other people's stay as they are
        before = nb.config.CACHE_LOCATOR_CLASSES
        nb.config.CACHE_LOCATOR_CLASSES = LOCATORS
        try:
            return cast(Function, nb.njit(cache=True, nogil=True)(function))
        finally:
            nb.config.CACHE_LOCATOR_CLASSES = before
