"""Commands about signals and rules themselves: signals list|show, rules lint|test|explain, apis."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.verbs import group, verb
from assay.core.results import Result

SIGNALS = group("signals", "Catalogue", "What can be measured.")
RULES = group("rules", "Catalogue", "What can be judged, and how.")
RuleFile = Annotated[str, typer.Argument(metavar="RULES", help="A rule file, or a preset's name.")]


@verb("Catalogue", "list", under=SIGNALS)
def list_signals(
    kind: Annotated[str | None, typer.Option(help="Only those of this kind of record.")] = None,
    dimension: Annotated[str | None, typer.Option(help="Only those of this quality dimension.")] = None,
    default: Annotated[bool, typer.Option("--default", help="Only those that are measured unasked.")] = False,
) -> Result:
    """Every signal, with its dimension and what it says."""
    from assay import api

    return api.signals(kind=kind, dimension=dimension, default=default)


@verb("Catalogue", "show", under=SIGNALS)
def show_signal(name: Annotated[str, typer.Argument(help="A signal's name.")]) -> Result:
    """One signal: unit, source, what null means, what it reads, its parameters."""
    from assay import api

    return api.signal(name)


@verb("Catalogue", "lint", under=RULES)
def lint_rules(rules: RuleFile) -> Result:
    """Read RULES without data: every mistake with its line, and advice. Exits 1 when something is wrong."""
    from assay import api

    return api.lint_rules(rules)


@verb("Catalogue", "test", under=RULES)
def test_rules(rules: RuleFile) -> Result:
    """Run the tests written in RULES: records, and what must happen to them. Exits 1 when one fails."""
    from assay import api

    return api.test_rules(rules)


@verb("Catalogue", "explain", under=RULES)
def explain_rules(
    rules: RuleFile, rule: Annotated[str | None, typer.Argument(help="One rule; all without it.")] = None
) -> Result:
    """What each rule asks, of which signals, and what follows."""
    from assay import api

    return api.explain_rules(rules, rule)


@verb("Catalogue")
def apis(
    old: Annotated[Path, typer.Argument(help="The folder of a Python package, as it was.")],
    new: Annotated[Path, typer.Argument(help="The same package in a newer version.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Where to write the table (JSON).")],
    old_version: Annotated[str | None, typer.Option(help="Where the package does not say it.")] = None,
    new_version: Annotated[str | None, typer.Option(help="Where the package does not say it.")] = None,
) -> Result:
    """What a package lost between two versions, read without importing it: a table for the signal stale_apis."""
    from assay import api

    return api.api_table(old, new, out, old_version=old_version, new_version=new_version)
