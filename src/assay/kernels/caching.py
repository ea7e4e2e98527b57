"""Where compiled kernels are kept, and when they are stale: as soon as a kernel that they call changes.

Numba looks at the one file that a kernel stands in. A kernel of another file that was compiled into it could then
change unseen, and old machine code would give old answers.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from numba.core.caching import InTreeCacheLocator, UserProvidedCacheLocator, UserWideCacheLocator

_IMPORTED = re.compile(rb"^\s*from assay\.kernels\.(\w+) import", re.MULTILINE)


@cache
def _reads(file: Path) -> frozenset[Path]:
    """The kernel files that one imports by name."""
    beside = (file.with_name(f"{name.decode()}.py") for name in _IMPORTED.findall(file.read_bytes()))
    return frozenset(path for path in beside if path.is_file())


@cache
def source_stamp(file: Path) -> str:
    """64 hex digits over a kernel file and every kernel file that it imports, directly or not."""
    found, new = {file}, {file}
    while new:
        new = {other for one in new for other in _reads(one)} - found
        found |= new
    named = (f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in sorted(found))
    return hashlib.sha256("\n".join(named).encode()).hexdigest()


class _Stamped:
    _py_file: Any

    def get_source_stamp(self) -> str:
        return source_stamp(Path(self._py_file))


class Given(_Stamped, UserProvidedCacheLocator):  # type: ignore[misc]  # Numba has no types
    """In NUMBA_CACHE_DIR, where the user sets it."""


class InTree(_Stamped, InTreeCacheLocator):  # type: ignore[misc]  # as above
    """Beside the source, where that can be written."""


class UserWide(_Stamped, UserWideCacheLocator):  # type: ignore[misc]  # as above
    """In the user's cache folder otherwise."""


LOCATORS = ",".join(f"{one.__module__}.{one.__qualname__}" for one in (Given, InTree, UserWide))
