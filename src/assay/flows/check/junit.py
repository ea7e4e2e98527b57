"""A check as JUnit XML: one test case per rule, so that any CI shows which rule failed and where."""

from __future__ import annotations

from pathlib import Path

from assay.core.errors import UserError
from assay.flows.check.results import CheckResult, Problem, Proof
from assay.flows.junit import Case, Suite, write_junit


def suites(result: CheckResult) -> list[Suite]:
    """Failing errors are failures, what was not measured is skipped, warnings and notes pass with their findings."""
    named = {problem.rule: problem for problem in result.problems}
    rules = [_rule(rule, named.get(rule)) for rule in sorted({*result.checks, *named})]
    if not result.records:
        rules.append(Case("something was read", "input", "failed", "no record was read"))
    gaps = [
        Case(f"{gap.what} ({', '.join(gap.kinds)})" if gap.kinds else gap.what, "not measured", "skipped", gap.why)
        for gap in result.not_measured
    ]
    found = [
        Suite("assay check", rules),
        Suite("not measured", gaps),
        Suite("proof", [_proof(p) for p in result.proof]),
    ]
    return [suite for suite in found if suite.cases]


def write(path: Path, result: CheckResult) -> None:
    try:
        write_junit(path, "assay check", suites(result))
    except OSError as error:
        raise UserError(
            "E382", f"the JUnit file cannot be written: {error.strerror}", at=str(path), fix="name a file in a folder"
        ) from None


def _rule(rule: str, problem: Problem | None) -> Case:
    if problem is None:
        return Case(rule, "check")
    amount = f"{problem.count} records ({problem.share:.2%})"
    if problem.new is not None:
        amount = f"{problem.new} new of {amount}"
    shown = [f"  {at}  {why}".rstrip() for at, why in zip(problem.examples, problem.why, strict=True)]
    rest = [f"  {at}" for at in problem.places[len(shown) :]]
    more = problem.count - max(len(problem.places), len(shown))
    last = [f"  and {more} more"] if more else []
    detail = "\n".join([f"{amount}: {problem.what}", f"  fix: {problem.fix}", *shown, *rest, *last])
    if problem.failing:
        return Case(rule, problem.dimension, "failed", f"{amount}: {problem.what}", detail)
    return Case(rule, problem.dimension, output=f"{problem.severity}: {detail}")


def _proof(proof: Proof) -> Case:
    name = f"{proof.kind}: {proof.fault} is caught by {proof.rule}"
    if not proof.planted:
        return Case(name, "proof", "skipped", proof.why)
    if proof.caught < proof.planted:
        text = f"caught {proof.caught} of {proof.planted}; missed {', '.join(proof.missed)}"
        return Case(name, "proof", "failed", text)
    return Case(name, "proof")
