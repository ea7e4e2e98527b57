"""Digests of what steps depend on: input files (by the stat cache), code, rows. All cheap enough for every run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.core.ids import sha256_file, sha256_hex

if TYPE_CHECKING:
    from assay.recipes.steps import Run

# Files that are installed with us and decide results: code, rule presets, templates.
_CODE = ("*.py", "*.yaml", "*.j2", "*.html", "*.css", "*.json")


@cache
def code_digest(*rooms: str) -> str:
    """32 hex digits over the installed files of some of our packages ("signals", "flows/measure.py").

    A step whose rooms are unchanged cannot give another result on the same inputs. Where they did change the
    step is only looked at again: signals and rules carry versions of their own, and what those leave alone
    stays cached. Reading 100 small files takes 10 ms; importing the signals to ask them takes a second.
    """
    root = Path(__file__).parents[1]
    parts: list[str] = []
    for room in rooms:
        place = root / room
        files = [place] if place.is_file() else sorted({f for pattern in _CODE for f in place.rglob(pattern)})
        parts += [f"{file.relative_to(root).as_posix()} {sha256_file(file)}" for file in files]
    return sha256_hex("\n".join(parts).encode())[:32]


def file_digest(run: Run, path: str | Path) -> str:
    """sha256 of a local file; not read again while its size, time and inode stay, unless `rehash`."""
    return file_digests(run, [path])[0]


def file_digests(run: Run, paths: Sequence[str | Path]) -> list[str]:
    """`file_digest` of many, with one write to the ledger: a commit each cost more than reading 700 small files."""
    digests: list[str] = []
    read: list[tuple[str | Path, str, os.stat_result]] = []
    for path in paths:
        known = None if run.rehash else run.ws.ledger.stat_get(path)
        if known is None:
            before = os.stat(path)
            known = sha256_file(path)
            read.append((path, known, before))
        digests.append(str(known))
    if read:
        run.ws.ledger.stat_put_all(read)
    return digests


def rows_version(ws: Any, full_name: str) -> int:
    """The last version of a dataset that changed rows: measuring makes versions too, but leaves the rows alone."""
    versions = ws.ledger.versions(full_name)
    return max((v.number for v in versions if v.verb != "measure"), default=0)


def copies_version(ws: Any, full_name: str) -> int:
    """The last version in which a verb of its own (dedupe, contamination) measured; 0 where none did."""
    return max((v.number for v in ws.ledger.versions(full_name) if v.stats.get("made_by")), default=0)


def full_names(ws: Any, dataset: str) -> list[str]:
    """The datasets that a recipe's name covers now; none before the first ingest."""
    known: list[str] = ws.names()
    return [name for name in known if name == dataset or name.startswith(f"{dataset}.")]
