"""A report as one HTML file that needs nothing else: styles, script and charts are inside, and nothing is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from markupsafe import Markup

from assay.report.charts import histogram, is_discrete, summary
from assay.report.distributions import number
from assay.report.findings import ALARM, findings, has_evidence, percent
from assay.report.model import Cell, Distribution, ReportData, RuleRow, ScoreRow, removes
from assay.report.page import environment, part, policy, style, tools
from assay.rules.rule import DIMENSIONS

T = TypeVar("T", ScoreRow, Distribution)

FAR_BELOW = 0.10  # this far under its target a score is marked more strongly
RULE_EXAMPLES = 3


def render(data: ReportData) -> str:
    """The page. All text that came with the data is escaped by the template; charts escape their own."""
    env = environment()
    env.filters.update(mark=_mark)
    script = part("report.js")
    return env.get_template("report.html.j2").render(
        d=data,
        dimensions=DIMENSIONS,
        style=style("report.css"),
        script=Markup(script),
        policy=policy(script),
        findings=findings(data),
        chart=_chart,
        chart_summary=summary,
        status=lambda dimension, score: status(score, data.targets[dimension]),
        unscored=lambda row, dimension: _unscored(data, row, dimension),
        target=percent,
        examples_of=lambda row: _examples_of(data, row),
        shown_domains=list(data.domain_rows),
        removes=removes,
        ALARM=ALARM,
        tools=tools(),
        many=len(data.subjects) > 1,
        groups=_by_dataset(data.scores),
        charts=_by_dataset(data.distributions),
        value=lambda value: "–" if value is None else number(value) if isinstance(value, float) else value,
    )


def status(score: Cell | None, target: float) -> str:
    """meets, part (meets where judged, not judged everywhere), below, far or none (not measured).

    Unknown rows count against the share, so they cannot make it pass.
    """
    share_judged = None if score is None else score.share_judged
    if score is None or share_judged is None:
        return "none"
    if share_judged >= target:
        return "part" if score.unmeasured else "meets"
    return "far" if share_judged < target - FAR_BELOW else "below"


def _unscored(data: ReportData, row: ScoreRow, dimension: str) -> str:
    """Why there is no score: nothing gives evidence, no drop or review rule uses it, or it says nothing here."""
    cell = row.scores.get(dimension)
    if cell is not None and cell.unknown:
        return "unknown for all"
    return "no rule judges it" if has_evidence(data, row, dimension) else "not measured"


def _mark(name: str) -> str:
    return {"meets": "●", "part": "◐", "below": "▲", "far": "■", "none": "–"}[name]


def _chart(chart: Distribution) -> Markup:
    if chart.form == "bars" and not is_discrete(chart):
        return Markup()
    return Markup(histogram(chart))  # histogram escapes every name it prints


def _examples_of(data: ReportData, row: RuleRow) -> list[tuple[int, Any, str]]:
    """(number of the example, example, reason) for the first few records on which the rule fired."""
    found = []
    for number_, example in enumerate(data.examples):
        if example.dataset in row.datasets:
            found += [(number_, example, why) for rule, why in example.reasons if rule.name == row.rule.name]
        if len(found) == RULE_EXAMPLES:
            break
    return found


def _by_dataset(rows: Sequence[T]) -> list[tuple[str, list[T]]]:
    """Rows by dataset, in order of first appearance."""
    found: dict[str, list[T]] = {}
    for row in rows:
        found.setdefault(row.dataset, []).append(row)
    return list(found.items())
