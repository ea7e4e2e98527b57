"""What this run says nothing about, and why: shown beside every result, so that silence is never taken for health."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from assay.flows.check.analyse import Analysis
from assay.flows.check.problems import Call
from assay.flows.check.profile import profile
from assay.flows.check.results import NotMeasured
from assay.flows.check.views import WORDLESS
from assay.signals import DIMENSIONS

FILES = 3  # passed over for one reason that are named
UNTOLD = "the records do not hold what this looks at"


def gaps(
    analysis: Analysis, call: Call, *, tokenizer: bool, passed: Sequence[tuple[str, str]], eval_unread: int
) -> list[NotMeasured]:
    """Files passed over, inputs that were not given, dimensions without a rule, rules that could not be told."""
    found = _passed(passed)
    if eval_unread:
        why = f"{eval_unread} of its records could not be read"
        fix = f"assay check {' '.join(call.eval)}"
        found.append(NotMeasured(what="all of the evaluation set", kinds=[], why=why, fix=fix))
    kinds = sorted(analysis.kinds)
    if not kinds:
        return found
    wordy = [kind for kind in kinds if kind not in WORDLESS]
    if wordy and not call.eval:
        found.append(
            NotMeasured(
                what="overlap with an evaluation set",
                kinds=[],
                why="none was given (--eval FILE)",
            )
        )
    if wordy and not tokenizer:
        found.append(
            NotMeasured(
                what="exact token counts",
                kinds=[],
                why="no tokenizer was given, so the totals are an estimate (--tokenizer DIR)",
            )
        )
    if wordy and call.max_length is None:
        found.append(
            NotMeasured(
                what="records that a trainer would cut off",
                kinds=[],
                why="the trainer's context was not given (--max-length N)",
            )
        )
    found += _dimensions(kinds, analysis.rules)
    found += _untold(analysis)
    return found


def _passed(passed: Sequence[tuple[str, str]]) -> list[NotMeasured]:
    """Files without a reader, by what they are; most first."""
    reasons: dict[str, list[str]] = {}
    for path, why in passed:
        reasons.setdefault(why, []).append(path)
    found = []
    for why, paths in sorted(reasons.items(), key=lambda item: (-len(item[1]), item[0])):
        named = ", ".join(PurePath(path).name for path in paths[:FILES]) + (", ..." if len(paths) > FILES else "")
        what = f"{len(paths):,} file{'s' if len(paths) > 1 else ''} not read"
        found.append(NotMeasured(what=what, kinds=[], why=f"{why} ({named})"))
    return found


def _dimensions(kinds: list[str], named: tuple[str, ...]) -> list[NotMeasured]:
    lacking: dict[str, list[str]] = {}
    for kind in kinds:
        covered = {rule.dimension for rule in profile(kind, named).rules}
        for dimension in DIMENSIONS:
            if dimension not in covered:
                lacking.setdefault(dimension, []).append(kind)
    return [
        NotMeasured(what=dimension, kinds=[] if found == kinds else found, why="no rule judges it")
        for dimension, found in lacking.items()
    ]


def _untold(analysis: Analysis) -> list[NotMeasured]:
    """Rules that were unknown on every record of a kind."""
    found = []
    for rule, counts in sorted(analysis.untold.items()):
        kinds = sorted(kind for kind, n in counts.items() if n == analysis.kinds[kind])
        if kinds:
            found.append(NotMeasured(what=rule, kinds=kinds, why=UNTOLD))
    return found
