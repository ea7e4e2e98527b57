"""The command that looks for benchmark items in a dataset: contamination."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.changes import DatasetName, Message
from assay.cli.verbs import GLOBALS, verb
from assay.core.results import Result


@verb("Write")
def contamination(
    dataset: DatasetName,
    against: Annotated[
        list[str] | None,
        typer.Option("--against", help="Benchmark files, folders, or a dataset (NAME, NAME@REF); repeatable."),
    ] = None,
    fields: Annotated[
        list[str] | None,
        typer.Option("--fields", help="What is compared: prompt, response, or a field; repeatable."),
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", help="ours=theirs: which name in the benchmark files is which field; repeatable."),
    ] = None,
    min_share: Annotated[float, typer.Option(help="Of an item's n-grams; fewer are no match.")] = 0.5,
    across_splits: Annotated[
        bool, typer.Option("--across-splits", help="Compare the train split with the held-out splits of DATASET.")
    ] = False,
    index: Annotated[
        Path | None, typer.Option(help="Write the benchmark as hashes, for the transform cut_contamination.")
    ] = None,
    engine: Annotated[str, typer.Option(help="threads or ray.")] = "threads",
    address: Annotated[str | None, typer.Option(help="Of the Ray cluster; a local one by default.")] = None,
    message: Message = None,
) -> Result:
    """Find benchmark items in DATASET and write them as signals; rules decide what to drop."""
    return GLOBALS.open()[dataset].contamination(
        against or (),
        fields=fields or (),
        mapping=mapping or (),
        min_share=min_share,
        across_splits=across_splits,
        index=index,
        engine=engine,
        address=address,
        message=message,
    )
