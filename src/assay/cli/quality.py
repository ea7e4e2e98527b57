"""Commands about quality models: quality train|list|score."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from assay.cli.changes import DatasetName
from assay.cli.verbs import GLOBALS, group, verb
from assay.core.results import Result

QUALITY = group("quality", "Write", "Your own idea of quality: learnt from examples, or asked of a model.")


@verb("Write", "train", under=QUALITY)
def train_quality(
    name: Annotated[str, typer.Argument(help="What to call the model.")],
    good: Annotated[list[str], typer.Option("--good", help="Files or a dataset of good texts; repeatable.")],
    bad: Annotated[list[str], typer.Option("--bad", help="Files or a dataset of bad texts; repeatable.")],
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another (equally good) model.")] = 0,
) -> Result:
    """Train a fast classifier on good and bad examples; says how well it does on examples it has not seen."""
    return GLOBALS.open().quality.train(name, good, bad, seed=seed)


@verb("Write", "list", under=QUALITY)
def list_quality() -> Result:
    """The quality models of this workspace."""
    return GLOBALS.open().quality.list()


@verb("Write", "score", under=QUALITY)
def score_quality(
    dataset: DatasetName,
    rubric: Annotated[Path, typer.Option(help="A YAML file: name, version, question, scale, examples.")],
    endpoint: Annotated[str, typer.Option(help="An OpenAI-compatible address, such as http://localhost:8000/v1.")],
    model: Annotated[str, typer.Option(help="The model's name there.")],
    budget: Annotated[float | None, typer.Option(min=0, help="Stop asking once this much is spent.")] = None,
    price_in: Annotated[float, typer.Option(min=0, help="For a million tokens of input.")] = 0.0,
    price_out: Annotated[float, typer.Option(min=0, help="For a million tokens of output.")] = 0.0,
    key_env: Annotated[str, typer.Option(help="The environment variable that holds the key.")] = "OPENAI_API_KEY",
    calls: Annotated[int, typer.Option(min=1, help="Calls at a time.")] = 4,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Write record_id and score as JSON Lines.")] = None,
) -> Result:
    """Have a model judge every record by a rubric. Answers are kept: nothing is paid for twice."""
    return GLOBALS.open().quality.score(
        dataset,
        rubric,
        endpoint,
        model,
        key=os.environ.get(key_env),
        budget=budget,
        price_in=price_in,
        price_out=price_out,
        calls=calls,
        out=out,
    )
