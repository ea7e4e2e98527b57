"""Commands about copies: dedupe, similar."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from assay.cli.changes import DatasetName, Message
from assay.cli.verbs import GLOBALS, verb
from assay.core.results import Result


@verb("Write")
def dedupe(
    dataset: DatasetName,
    method: Annotated[str, typer.Option(help="exact, near, substring or semantic.")] = "near",
    fields: Annotated[
        list[str] | None,
        typer.Option("--fields", help="What to compare: prompt, response, or a field such as best_answer; repeatable."),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Copies are this alike: Jaccard (near, 0.8) or cosine (semantic, 0.9).")
    ] = None,
    keep: Annotated[Path | None, typer.Option(help="A YAML file that says which record of a cluster is kept.")] = None,
    engine: Annotated[str, typer.Option(help="threads or ray.")] = "threads",
    address: Annotated[str | None, typer.Option(help="Of the Ray cluster; a local one by default.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write the findings as an HTML page.")] = None,
    size: Annotated[int, typer.Option(help="near: words in a shingle.")] = 5,
    bands: Annotated[int, typer.Option(help="near: bands of the signature.")] = 14,
    rows: Annotated[int, typer.Option(help="near: hashes in a band.")] = 8,
    seed: Annotated[int, typer.Option(help="near: another seed, other hashes.")] = 1,
    shingles: Annotated[str, typer.Option(help="near: auto, words, or code (marks count).")] = "auto",
    min_tokens: Annotated[int, typer.Option(help="substring: words of the shortest repeated span.")] = 50,
    embedder: Annotated[
        str, typer.Option(help="semantic: lexical, openai:URL#MODEL or sentence-transformers:NAME.")
    ] = "lexical",
    key_env: Annotated[
        str, typer.Option(help="semantic: the environment variable that holds the endpoint's key.")
    ] = "OPENAI_API_KEY",
    budget: Annotated[float | None, typer.Option(min=0, help="semantic: stop once this much is spent.")] = None,
    price: Annotated[float, typer.Option(min=0, help="semantic: for a million tokens.")] = 0.0,
    message: Message = None,
) -> Result:
    """Find copies in DATASET and write them as signals; rules decide what to drop."""
    return GLOBALS.open()[dataset].dedupe(
        method=method,
        fields=fields or (),
        threshold=threshold,
        keep=keep,
        engine=engine,
        address=address,
        report=report,
        size=size,
        bands=bands,
        rows=rows,
        seed=seed,
        shingles=shingles,
        min_tokens=min_tokens,
        embedder=embedder,
        key=os.environ.get(key_env),
        budget=budget,
        price=price,
        message=message,
    )


@verb("Look")
def similar(
    dataset: DatasetName,
    record: Annotated[str, typer.Argument(help="The record's id.")],
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 10,
    fields: Annotated[
        list[str] | None, typer.Option("--fields", help="What to compare, as with dedupe; repeatable.")
    ] = None,
) -> Result:
    """The records most like RECORD, with their exact similarity and what differs."""
    return GLOBALS.open()[dataset].similar(record, limit=limit, fields=fields or ())
