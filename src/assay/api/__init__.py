"""The public Python API: the same verbs as the command line, with the same result fields.

    import assay

    ws = assay.open("work", create=True)
    ws.ingest("tickets", ["tickets/*.jsonl"], domain="support")
    ws["tickets"].measure()
    ws["tickets"].decide("default")
    ws.release("tickets-1", ["tickets"], "releases/tickets-1")

Flows are imported when they are called, so that importing this module stays cheap.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from assay.api.dataset import Dataset as Dataset
from assay.api.progress import progress_of
from assay.api.workspace import Workspace as Workspace
from assay.core.results import Result

if TYPE_CHECKING:
    from assay.flows.api_tables import ApiTableResult
    from assay.flows.check import CheckResult
    from assay.flows.rule_checks import ExplainResult, LintResult, RuleTestsResult
    from assay.flows.signal_list import SignalList, SignalPage
    from assay.recipes.demo.run import DemoResult
    from assay.release import VerifyResult

DEFAULT_WORKSPACE = ".assay"


class InitResult(Result, frozen=True, kw_only=True):
    workspace: str

    def lines(self) -> list[str]:
        return [f"workspace ready at {self.workspace}", "next: assay ingest DATASET FILE..."]


def _place(path: str | Path | None) -> Path:
    return Path(path or os.environ.get("ASSAY_WORKSPACE") or DEFAULT_WORKSPACE)


def init(path: str | Path | None = None) -> InitResult:
    """Make a workspace at `path` (./.assay, or ASSAY_WORKSPACE); an existing one stays as it is."""
    from assay.store import Workspace as Store

    store = Store.init(_place(path))
    return InitResult(workspace=str(store.path))


def open(
    path: str | Path | None = None, *, create: bool = False, workers: int | None = None, quiet: bool = True
) -> Workspace:
    """Open the workspace at `path` (./.assay, or ASSAY_WORKSPACE). `create` makes it where it is absent.

    `workers`: threads and processes per verb, every core by default; results do not depend on it.
    `quiet`: no progress on standard error.
    """
    from assay.store import Workspace as Store

    place = _place(path)
    store = Store.init(place) if create else Store.open(place)
    return Workspace(store, workers=workers, quiet=quiet)


def check(
    files: Sequence[str],
    *,
    eval: Sequence[str] = (),
    tokenizer: str | Path | None = None,
    max_length: int | None = None,
    prove: bool = False,
    baseline: str | Path | None = None,
    junit: str | Path | None = None,
    kind: str = "auto",
    mapping: Sequence[str] = (),
    format: str | None = None,
    rules: Sequence[str | Path] = (),
    workers: int | None = None,
    quiet: bool = True,
) -> CheckResult:
    """What is in `files` and what is wrong with it: no workspace, no configuration, writes nothing."""
    from assay.flows.check import check as run_check
    from assay.records import parse_map

    return run_check(
        files,
        eval=eval,
        tokenizer=tokenizer,
        max_length=max_length,
        prove=prove,
        baseline=baseline,
        junit=junit,
        kind=kind,
        mapping=parse_map(mapping),
        format=format,
        rules=rules,
        workers=workers,
        progress=progress_of("check", quiet),
    )


def signals(kind: str | None = None, dimension: str | None = None, *, default: bool = False) -> SignalList:
    """Every signal, or those of a kind, of a dimension, of the default profiles."""
    from assay.flows.signal_list import signal_list

    return signal_list(kind, dimension, default_only=default)


def signal(name: str) -> SignalPage:
    """Everything declared about one signal."""
    from assay.flows.signal_list import signal_page

    return signal_page(name)


def lint_rules(rules: str | Path) -> LintResult:
    """What is wrong or odd about a rules file, told without data."""
    from assay.flows.rule_checks import lint_rules as run_lint

    return run_lint(rules)


def test_rules(rules: str | Path) -> RuleTestsResult:
    """Run the tests that stand in a rules file."""
    from assay.flows.rule_checks import run_rule_tests

    return run_rule_tests(rules)


def explain_rules(rules: str | Path, rule: str | None = None) -> ExplainResult:
    """What each rule asks, of which signals, and what follows."""
    from assay.flows.rule_checks import explain_rules as run_explain

    return run_explain(rules, rule)


def api_table(
    old: str | Path, new: str | Path, out: str | Path, *, old_version: str | None = None, new_version: str | None = None
) -> ApiTableResult:
    """What a Python package lost between two versions, written to `out` for the signal stale_apis."""
    from assay.flows.api_tables import api_table as run_api_table

    return run_api_table(old, new, out, old_version=old_version, new_version=new_version)


def verify(folder: str | Path) -> VerifyResult:
    """Recompute every hash and count of a release; name what was altered."""
    from assay.release import verify as run_verify

    return run_verify(folder)


def demo(folder: str | Path = ".assay-demo", *, workers: int | None = None, quiet: bool = True) -> DemoResult:
    """The main job, end to end, on text that is on every machine."""
    from assay.recipes.demo.run import demo as run_demo

    return run_demo(Path(folder), workers=workers, progress=progress_of("demo", quiet))


def reference() -> dict[str, str]:
    """The reference pages (file name -> Markdown) of everything that is registered."""
    from assay.recipes.reference import reference as pages

    return pages()
