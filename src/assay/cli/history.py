"""Commands about records and versions: show, log, diff, tag, rollback, fsck."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.changes import DatasetName, Message
from assay.cli.verbs import GLOBALS, verb
from assay.core.results import Result


@verb("History")
def show(
    dataset: DatasetName,
    record: Annotated[str | None, typer.Argument(help="A record's id.")] = None,
) -> Result:
    """Explain DATASET, or one RECORD: where it came from, its signals, its decision, its history."""
    return GLOBALS.open()[dataset].show(record)


@verb("History")
def log(dataset: DatasetName) -> Result:
    """The versions of DATASET, newest first."""
    return GLOBALS.open()[dataset].log()


@verb("History")
def diff(
    dataset: DatasetName,
    a: Annotated[str, typer.Argument(help="A version number, tag or HEAD~n.")],
    b: Annotated[str, typer.Argument(help="A version number, tag or HEAD~n.")],
) -> Result:
    """Records added, removed and changed from A to B, with the fields that changed."""
    return GLOBALS.open()[dataset].diff(a, b)


@verb("History")
def tag(
    dataset: DatasetName,
    name: Annotated[str, typer.Argument(help="The tag; it names the current version (or DATASET@REF's).")],
) -> Result:
    """Name a version."""
    return GLOBALS.open()[dataset].tag(name)


@verb("History")
def rollback(
    dataset: DatasetName,
    ref: Annotated[str, typer.Argument(help="The version to go back to.")],
    message: Message = None,
) -> Result:
    """Make the content of REF current again, as a new version: nothing is lost."""
    return GLOBALS.open()[dataset].rollback(ref, message=message)


@verb("History")
def fsck(
    digest: Annotated[bool, typer.Option("--digest", help="Also print a digest of every dataset's rows.")] = False,
) -> Result:
    """Check the workspace: ledger against tables, blobs, ids, unfinished work."""
    return GLOBALS.open().fsck(digest=digest)
