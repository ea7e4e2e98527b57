"""Commands that run many steps: plan, run, demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.verbs import GLOBALS, verb
from assay.core.results import Result

Recipe = Annotated[Path, typer.Argument(help="A recipe's YAML file.")]
Select = Annotated[list[str] | None, typer.Option("--select", help="Only this step; repeatable.")]
Exclude = Annotated[list[str] | None, typer.Option("--exclude", help="All but this step; repeatable.")]


@verb("Recipes")
def plan(recipe: Recipe, select: Select = None, exclude: Exclude = None) -> Result:
    """What `assay run` would do, and why."""
    return GLOBALS.open().plan(recipe, select=select or (), exclude=exclude or ())


@verb("Recipes")
def run(
    recipe: Recipe,
    select: Select = None,
    exclude: Exclude = None,
    junit: Annotated[Path | None, typer.Option(help="Write a JUnit XML file for CI.")] = None,
    rehash: Annotated[bool, typer.Option(help="Read every input again instead of trusting size and time.")] = False,
    update_lock: Annotated[bool, typer.Option(help="Pin the present versions of signals, rules and presets.")] = False,
) -> Result:
    """Sources to release: ingest, measure, decide, gates, report, release. Steps already done are skipped."""
    return GLOBALS.open_or_init().run(
        recipe, select=select or (), exclude=exclude or (), junit=junit, rehash=rehash, update_lock=update_lock
    )


@verb("Recipes")
def demo(
    folder: Annotated[Path, typer.Option(help="Where to work; made anew each time.")] = Path(".assay-demo"),
) -> Result:
    """The main job on text that is on every machine: check, ingest, measure, decide, report, release, verify."""
    from assay import api

    return api.demo(folder, workers=GLOBALS.workers, quiet=GLOBALS.json)
