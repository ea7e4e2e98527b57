"""The commit protocol: intent in the ledger, then one table commit that carries the intent's id, then completion.

Killed between any two steps, the next holder of the dataset's writer lock finishes what the table already has and
drops what it has not. Nothing is half there: readers see a version only once it is completed.
"""

from __future__ import annotations

import getpass
import os
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from assay.core.failpoints import failpoint
from assay.store.ledger import Intent, Ledger, Version
from assay.store.ledger_db import now
from assay.store.table import Table


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes a version, by which verb and run, and why. Without a message the verb stands for it."""

    verb: str
    message: str | None
    author: str | None
    run: str | None


def author_name(author: str | None) -> str:
    if author:
        return author
    named = os.environ.get("ASSAY_AUTHOR")
    if named:
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def commit(
    ledger: Ledger,
    uri: Path,
    dataset: str,
    said: Said,
    *,
    rows: int,
    stats: Mapping[str, Any],
    job: str | None,
    write: Callable[[Table, str], int],
) -> Version:
    """Make the next version of a dataset; the caller holds its writer lock.

    Args
        rows: of the new version. stats: kept with it.
        job: the staged work that this commit uses up; its quarantine entries become visible with the version.
        write: given the table at the head's content and the commit message; makes one table commit and returns
            its version.
    """
    parent = ledger.head(dataset)
    table = aligned_table(ledger, uri, dataset)
    intent = Intent(
        id=uuid.uuid4().hex,
        dataset=dataset,
        base_table_version=table.version,
        payload={
            "verb": said.verb,
            "message": said.message or said.verb,
            "author": author_name(said.author),
            "run": said.run,
            "created_at": now(),
            "parent": parent,
            "rows": rows,
            "stats": dict(stats),
            "job": job,
        },
    )
    failpoint("commit.before_intent")
    ledger.intent_open(intent)
    try:
        failpoint("commit.after_intent")
        failpoint("commit.before_table")
        table_version = write(table, intent.id)
    except BaseException:
        _settle(ledger, uri, intent)
        raise
    failpoint("commit.after_table")
    failpoint("commit.before_completion")
    version = _complete(ledger, intent, table_version)
    failpoint("commit.after_completion")
    return version


def aligned_table(ledger: Ledger, uri: Path, dataset: str) -> Table:
    """The latest table version, holding exactly the head's content.

    Where the table has moved past the head (columns prepared for a measurement that was killed, another tool's
    write), the head is restored first: the next commit must not carry that along.
    """
    head = ledger.version(dataset, ledger.head(dataset))
    wanted = 1 if head is None else head.table_version
    table = Table.open(uri)
    if table.version == wanted:
        return table
    table.commit_restore(wanted, "align")
    return Table.open(uri)


def resolve_intents(ledger: Ledger, uri: Path, dataset: str) -> int:
    """Finish or drop what a dead writer left; the caller holds the writer lock. Returns how many there were."""
    found = ledger.intents_open(dataset)
    for intent in found:
        _settle(ledger, uri, intent)
    return len(found)


def _settle(ledger: Ledger, uri: Path, intent: Intent) -> None:
    table_version = Table.open(uri).find_commit(intent.id, after=intent.base_table_version)
    if table_version is not None:
        _complete(ledger, intent, table_version)
        return
    with ledger.write() as tx:
        ledger.intent_close(tx, intent.id, "aborted")


def _complete(ledger: Ledger, intent: Intent, table_version: int) -> Version:
    job = intent.payload["job"]
    with ledger.write() as tx:
        version = ledger.version_add(tx, intent, table_version, intent.payload["rows"])
        if job is not None:
            ledger.quarantine_publish(tx, f"{intent.dataset}/{job}")
            ledger.staged_drop(tx, intent.dataset, job=job)
        ledger.staged_drop(tx, intent.dataset, not_base=version.number)
        ledger.intent_close(tx, intent.id, "done")
    return version
