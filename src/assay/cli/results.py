"""Commands whose result leaves the workspace: report, release, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.changes import DatasetName, Message
from assay.cli.verbs import GLOBALS, verb
from assay.core.results import Result


@verb("Results")
def report(
    dataset: DatasetName,
    out: Annotated[Path, typer.Option("-o", "--out", help="The HTML file to write.")],
    rules: Annotated[str | None, typer.Option(help="A rule file or preset; the latest decision by default.")] = None,
) -> Result:
    """One self-contained HTML file: scorecard, drops and why, distributions, examples."""
    return GLOBALS.open()[dataset].report(out, rules=rules)


@verb("Results")
def release(
    name: Annotated[str, typer.Argument(help="The release's name.")],
    datasets: Annotated[list[str], typer.Option("--from", help="DATASET or DATASET@REF; repeatable.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The folder to write.")],
    formats: Annotated[
        list[str] | None, typer.Option("--format", help="jsonl, parquet or messages; repeatable.")
    ] = None,
    keep_all: Annotated[bool, typer.Option("--all", help="Release every record, decided or not.")] = False,
    message: Message = None,
) -> Result:
    """Freeze the kept records into files with a manifest and a card."""
    return GLOBALS.open().release(name, datasets, out, formats=formats or (), keep_all=keep_all, message=message)


@verb("Results")
def verify(folder: Annotated[Path, typer.Argument(help="A release's folder.")]) -> Result:
    """Recompute a release's hashes and counts; name what was altered."""
    from assay import api

    return api.verify(folder)
