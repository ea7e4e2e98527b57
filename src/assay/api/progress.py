"""How long work tells how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.engine import Progress


def progress_of(label: str, quiet: bool) -> Progress | None:
    if quiet:
        return None
    from assay.engine import Progress

    return Progress(label)
