"""The `assay` command. Imports stay light here: `assay --version` must answer in under half a second."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

import assay
from assay.cli import catalogue, changes, checks, contamination, duplicates, history, quality, recipes, results
from assay.cli.verbs import GLOBALS, app, hoist

# Each module registers its commands on `app` when it is imported.
GROUPS = (checks, changes, contamination, duplicates, history, results, recipes, catalogue, quality)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"assay {assay.__version__}")
        raise typer.Exit(0)


@app.callback()
def options(
    workspace: Annotated[
        str | None,
        typer.Option("-w", "--workspace", envvar="ASSAY_WORKSPACE", help="Where datasets live; ./.assay by default."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Threads and processes to use; every core by default.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    GLOBALS.workspace, GLOBALS.workers, GLOBALS.json = workspace, workers, as_json


def main() -> None:
    """Entry point of the console script."""
    app(args=hoist(sys.argv[1:]), prog_name="assay")


if __name__ == "__main__":
    main()
