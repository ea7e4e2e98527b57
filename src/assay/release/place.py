"""A release appears whole or not at all: written beside its place, synced, then renamed into it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assay.core.errors import UserError
from assay.core.failpoints import failpoint


@contextmanager
def staging(out: Path) -> Iterator[Path]:
    """A new folder next to `out`; what a killed run left there is removed first, and this one at the end."""
    out.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(out)
    folder = out.parent / f".{out.name}.tmp-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(out: Path) -> None:
    shape = re.compile(re.escape(f".{out.name}.tmp-") + r"(\d+)")
    for other in sorted(out.parent.iterdir()):
        match = shape.fullmatch(other.name)
        if match and not _alive(int(match[1])):
            shutil.rmtree(other, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def is_free(out: Path) -> bool:
    """Nothing there, or an empty folder."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        return False
    return not out.exists() or not any(out.iterdir())


def move_in(folder: Path, out: Path) -> None:
    """Sync every file, then rename the folder to its place. E503 when something else got there first."""
    for path in sorted(folder.rglob("*")):
        _sync(path)
    _sync(folder)
    failpoint("release.before_rename")
    try:
        os.rename(folder, out)
    except OSError as error:
        raise UserError(
            "E503", f"{out} appeared while the release was written", fix="give another -o folder"
        ) from error
    _sync(out.parent)
    failpoint("release.after_rename")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
