"""Worked solutions against themselves and against a reference: final answers, annotations, quantities, numbering."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa

from assay.records.schema import TEXT, columns_of
from assay.signals.base import row_signal
from assay.signals.nested import flat, member
from assay.signals.targets import answered, answered_columns, joined_steps, last_of
from assay.text.arithmetic import annotated_equations
from assay.text.final_answers import derived_answers, number, said_numbers, same_answer, stated_answer
from assay.text.quantities import contradictions, skipped_numbers

_STEPS = {"steps": columns_of("reasoning")["steps"]}
_SHORT = 60  # characters up to which a text without a mark is an answer itself
# Where records keep the answer that is right, beside the one they give.
REFERENCES = (
    "ground_truth",
    "gold",
    "gold_answer",
    "reference_answer",
    "reference",
    "correct_answer",
    "expected_answer",
    "target",
)


def _written(kind: str) -> dict[str, pa.DataType]:
    return _STEPS if kind == "reasoning" else answered_columns(kind)


def _text_of(kind: str, columns: dict[str, pa.Array]) -> pa.LargeStringArray:
    return joined_steps(columns["steps"]) if kind == "reasoning" else answered(kind, columns)


def _with_reference(kind: str) -> dict[str, pa.DataType]:
    return {**answered_columns(kind), "extra_json": TEXT}


def _marked(text: str | None) -> str | None:
    """The answer that a text states: marked as one, or the whole of a short text."""
    if not text or not text.strip():
        return None
    marked = stated_answer(text)
    return marked if marked is not None else (text.strip() if len(text) <= _SHORT else None)


@row_signal(
    dimension="accuracy",
    kinds=("reasoning", "qa"),
    reads=_with_reference,
    writes=pa.bool_(),
    unit="true or false",
    source="math-verify 0.9 over sympy for expressions, exact fractions for numbers",
    params={"reference_field": None},
    default=False,
    python_bound=True,
    extra="math",
)
def final_answer_correct(*, kind: str, reference_field: str | None, **columns: pa.Array) -> pa.BooleanArray:
    r"""Whether the stated final answer is the reference answer that the record also holds.

    Stated: the final answer, else what the last step or the answer marks (`\boxed{}`, `####`, `A:`, `the answer is`),
    or the whole of a short answer. Reference: the field `reference_field` of what the record said beyond its columns
    (a dotted path; unset: the first of REFERENCES that is there), else, for qa, the answers listed beside the chat or
    the best answer: any may match.
    Numbers with units, commas, fractions, percent and LaTeX. No clock: expressions too large to be bounded are null,
    and so are records without a reference, and texts that differ in words alone.
    """
    wanted = [_references(extra, reference_field) for extra in columns.pop("extra_json").to_pylist()]
    if kind == "qa":
        said, best = last_of(columns["messages"], "assistant").to_pylist(), columns["best_answer"].to_pylist()
        for i, answers in enumerate(columns["answers"].to_pylist()):
            listed = [one["text"] for one in answers or () if one and one["text"]]
            if said[i] is not None:
                listed += [best[i]] if best[i] else []
            elif best[i] in listed:
                listed = []  # the best answer is one of them, or was read from them
            wanted[i] = wanted[i] or listed
        texts = [one if one is not None else other for one, other in zip(said, best, strict=True)]
    else:
        texts = answered(kind, columns).to_pylist()
    stated = [_marked(text) for text in texts]
    verdicts = [_any_same(mine, theirs) for mine, theirs in zip(stated, wanted, strict=True)]
    return pa.array(verdicts, pa.bool_())


def _references(extra: str | None, field: str | None) -> list[str]:
    if not extra:
        return []
    try:
        held = msgspec.json.decode(extra)
    except msgspec.DecodeError:
        return []
    for path in (field,) if field is not None else REFERENCES:
        value: Any = held
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        values = value if isinstance(value, list) else [value]
        texts = [str(one) for one in values if isinstance(one, str | int | float) and not isinstance(one, bool)]
        if texts:
            return texts
    return []


def _any_same(stated: str | None, wanted: Sequence[str]) -> bool | None:
    """True when one of them is the stated answer, False when all differ, None when some cannot be judged."""
    if stated is None:
        return None
    verdicts = [None if (gold := _marked(text)) is None else same_answer(stated, gold) for text in wanted]
    if True in verdicts:
        return True
    return False if verdicts and None not in verdicts else None


@row_signal(
    dimension="accuracy",
    kinds=("reasoning",),
    reads={**_STEPS, "final_answer": TEXT},
    writes=pa.bool_(),
    unit="true or false",
    source="a chain that derives one number and answers another",
    default=False,
    python_bound=True,
    extra="math",
)
def answer_follows_steps(steps: pa.ListArray, final_answer: pa.Array) -> pa.BooleanArray:
    """Whether the final answer is what the steps arrive at: the answer that they mark, or their last equation's result.

    The last step that has either is read, with all numbers said after it (`6/3 = 2 hours. So it takes 120 minutes.`).
    Null without a final answer and such a step, where the two cannot be compared, and where one is a
    hundred times the other (dollars and cents).
    """
    items, parents = flat(steps)
    texts = member(items, "text").to_pylist()
    ends: list[list[str]] = [[] for _ in range(len(steps))]
    for row, text in zip(parents.tolist(), texts, strict=True):
        derived = derived_answers(text or "")
        ends[row] = derived if derived else [*ends[row], *said_numbers(text or "")] if ends[row] else []
    stated = [_marked(text) for text in final_answer.to_pylist()]
    out = [
        None if mine and _hundredfold(mine, theirs) else _any_same(mine, theirs)
        for mine, theirs in zip(stated, ends, strict=True)
    ]
    return pa.array(out, pa.bool_())


def _hundredfold(stated: str, derived: Sequence[str]) -> bool:
    mine = number(stated)
    others = [value for text in derived if (value := number(text))]
    return mine is not None and any(mine[0] and value[0] in (mine[0] * 100, mine[0] / 100) for value in others)


@row_signal(
    dimension="accuracy",
    kinds=("reasoning", "qa"),
    reads=_written,
    writes=pa.int64(),
    unit="annotations",
    source="GSM8K's calculator annotations <<48/2=24>>, arXiv:2110.14168",
    default=False,
    python_bound=True,
)
def annotation_errors(*, kind: str, **columns: pa.Array) -> pa.Int64Array:
    """Calculator annotations <<a=b>> that do not hold, computed exactly; prose beside them is not read.

    Null where there is none.
    """
    found = [annotated_equations(text) if text else [] for text in _text_of(kind, columns).to_pylist()]
    return pa.array([sum(not one.holds for one in each) if each else None for each in found], pa.int64())


@row_signal(
    dimension="consistency",
    kinds=("reasoning",),
    reads=_STEPS,
    writes=pa.list_(TEXT),
    unit='"name: value, other value"',
    source="text/quantities.py: `name = value` claimed twice with different values",
    default=False,
    python_bound=True,
)
def contradictory_values(steps: pa.ListArray) -> pa.ListArray:
    """Quantities that the steps give two values; steps that suppose, set or correct one are left out.

    Null without steps.
    """
    items, parents = flat(steps)
    chains: list[list[str]] = [[] for _ in range(len(steps))]
    for row, text in zip(parents.tolist(), member(items, "text").to_pylist(), strict=True):
        chains[row].extend((text or "").split("\n"))
    out = [contradictions(chain) if chain else None for chain in chains]
    return pa.array(out, pa.list_(TEXT))


@row_signal(
    dimension="completeness",
    kinds=("reasoning",),
    reads=_STEPS,
    writes=pa.int64(),
    unit="steps",
    source="text/quantities.py: a numbering that jumps (Step 2, Step 4)",
    default=False,
    python_bound=True,
)
def skipped_steps(steps: pa.ListArray) -> pa.Int64Array:
    """Step numbers that a rising numbering leaves out, also inside one long step. Null where steps are not numbered."""
    items, parents = flat(steps)
    texts, indexes = member(items, "text").to_pylist(), member(items, "index").to_pylist()
    chains: list[tuple[list[str], list[int | None]]] = [([], []) for _ in range(len(steps))]
    for row, text, index in zip(parents.tolist(), texts, indexes, strict=True):
        chains[row][0].append(text or "")
        chains[row][1].append(index)
    found = [skipped_numbers(*chain) for chain in chains]
    return pa.array([None if missing is None else len(missing) for missing in found], pa.int64())
