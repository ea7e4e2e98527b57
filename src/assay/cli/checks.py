"""`assay check`: what is in these files and what is wrong with it, without a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.verbs import GLOBALS, verb
from assay.core.results import Result


@verb("Look")
def check(
    files: Annotated[list[str], typer.Argument(help="Files, folders, globs, URLs, or - for standard input.")],
    eval_files: Annotated[
        list[str] | None, typer.Option("--eval", help="Evaluation files that must not overlap with the data.")
    ] = None,
    tokenizer: Annotated[
        Path | None, typer.Option(help="A tokenizer.json, or the folder that holds it: exact token counts.")
    ] = None,
    max_length: Annotated[int | None, typer.Option(min=1, help="The trainer's context, in tokens.")] = None,
    prove: Annotated[
        bool, typer.Option(help="Plant every known fault in copies of your records; show what is caught.")
    ] = False,
    baseline: Annotated[
        Path | None, typer.Option(help="Known findings: written when absent; later only new findings fail.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Write a JUnit XML file for CI.")] = None,
    kind: Annotated[str, typer.Option(help="The kind of record, or auto.")] = "auto",
    mapping: Annotated[list[str] | None, typer.Option("--map", help="ours=theirs.path[0]; repeatable.")] = None,
    file_format: Annotated[str | None, typer.Option("--format", help="Read as this format.")] = None,
    rules: Annotated[
        list[str] | None,
        typer.Option("--rules", help="More rules than the default ones: a preset or file; repeatable."),
    ] = None,
) -> Result:
    """Say what is in FILES, what is wrong with it and how to fix it. Needs nothing, writes nothing."""
    from assay import api

    return api.check(
        files,
        eval=eval_files or (),
        tokenizer=tokenizer,
        max_length=max_length,
        prove=prove,
        baseline=baseline,
        junit=junit,
        kind=kind,
        mapping=mapping or (),
        format=file_format,
        rules=rules or (),
        workers=GLOBALS.workers,
        quiet=GLOBALS.json,
    )
