"""Chains of reasoning: the arithmetic in them, the numbering of their steps, and whether they reach their answer."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.records.schema import TEXT, columns_of
from assay.signals.base import row_signal
from assay.signals.nested import flags, flat, lengths, member, ranks, tally, valid, visible
from assay.signals.targets import answered, answered_columns, asked, joined_steps, last_step
from assay.text.arithmetic import equations
from assay.text.normal import folded

_COLUMNS = columns_of("reasoning")
_STEPS = {"steps": _COLUMNS["steps"]}
_ANSWERED = {"steps": _COLUMNS["steps"], "final_answer": TEXT}
_REASONING = ("reasoning",)


def _judged(text: pa.LargeStringArray) -> list[tuple[int, int] | None]:
    """(wrong, judged) equations of each text; None where there is none."""
    out: list[tuple[int, int] | None] = []
    for value in text.to_pylist():
        found = equations(value) if value else []
        out.append((sum(not equation.holds for equation in found), len(found)) if found else None)
    return out


def _written(kind: str) -> dict[str, pa.DataType]:
    return _STEPS if kind == "reasoning" else answered_columns(kind)


def _text_of(kind: str, columns: dict[str, pa.Array]) -> pa.LargeStringArray:
    """The chain, or the answer wherever the record has it: a field, or the last turn of a chat."""
    return joined_steps(columns["steps"]) if kind == "reasoning" else answered(kind, columns)


@row_signal(
    dimension="accuracy",
    kinds=("reasoning", "qa"),
    reads=_written,
    writes=pa.int64(),
    unit="equations",
    source="text/arithmetic.py; GSM8K's calculation annotations, arXiv:2110.14168",
    version=2,
    python_bound=True,
)
def arithmetic_errors(*, kind: str, **columns: pa.Array) -> pa.Int64Array:
    """Equations in the steps or the answer that do not hold, computed exactly; rounding is allowed as shown.

    Null where no equation can be judged: algebra, powers and words are left alone.
    """
    return pa.array([None if found is None else found[0] for found in _judged(_text_of(kind, columns))], pa.int64())


@row_signal(
    dimension=None,
    kinds=("reasoning", "qa"),
    reads=_written,
    writes=pa.int64(),
    unit="equations",
    source="text/arithmetic.py",
    version=2,
    python_bound=True,
    default=False,
)
def arithmetic_checked(*, kind: str, **columns: pa.Array) -> pa.Int64Array:
    """Equations in the steps or the answer that could be judged at all; 0 where there is none, null without text."""
    text = _text_of(kind, columns)
    counts = [0 if found is None else found[1] for found in _judged(text)]
    return pa.array(counts, pa.int64(), mask=~valid(text))


@row_signal(
    dimension=None,
    kinds=_REASONING,
    reads=_STEPS,
    writes=pa.int64(),
    unit="steps",
    source="records.md: reasoning.steps",
)
def step_count(steps: pa.ListArray) -> pa.Int64Array:
    """Steps of the chain; null without a list of steps."""
    return pa.array(lengths(steps), mask=~valid(steps))


@row_signal(
    dimension="completeness",
    kinds=_REASONING,
    reads=_STEPS,
    writes=pa.int64(),
    unit="steps",
    source="a step without text teaches a jump",
)
def empty_steps(steps: pa.ListArray) -> pa.Int64Array:
    """Steps without visible text; null without steps."""
    items, parents = flat(steps)
    return pa.array(tally(parents, len(steps), ~visible(member(items, "text"))), mask=lengths(steps) == 0)


@row_signal(
    dimension="consistency",
    kinds=_REASONING,
    reads=_STEPS,
    writes=pa.bool_(),
    unit="true or false",
    source="records.md: steps in order, numbered from 0 or 1",
)
def step_numbering_ok(steps: pa.ListArray) -> pa.BooleanArray:
    """Whether the steps' numbers rise one by one from 0 or 1, in the index or in the text (`1)`, `Step 2:`).

    Null where the steps are not numbered, or only some are.
    """
    items, parents = flat(steps)
    index = member(items, "index")
    written = pc.struct_field(
        pc.extract_regex(member(items, "text"), r"^\s*(?:[Ss]tep\s+)?(?P<n>\d{1,4})\s*[).:]\s"), "n"
    )
    in_text = pc.cast(written, pa.int64())
    # What people see comes first: the index may have been given by a reader, counting.
    by_text = tally(parents, len(steps), valid(in_text)) == lengths(steps)
    by_index = tally(parents, len(steps), valid(index)) == lengths(steps)
    texts = np.asarray(pc.fill_null(in_text, -1).to_numpy(zero_copy_only=False), np.int64)
    indexes = np.asarray(pc.fill_null(index, -1).to_numpy(zero_copy_only=False), np.int64)
    numbers = np.where(by_text[parents], texts, indexes)
    position = ranks(lengths(steps))
    first = np.zeros(len(steps), np.int64)
    first[parents[position == 0]] = numbers[position == 0]
    wrong = numbers != first[parents] + position
    ok = (tally(parents, len(steps), wrong) == 0) & (first >= 0) & (first <= 1)
    return pa.array(ok, mask=~(by_text | by_index) | (lengths(steps) == 0))


@row_signal(
    dimension="accuracy",
    kinds=_REASONING,
    reads=_ANSWERED,
    writes=pa.bool_(),
    unit="true or false",
    source="a chain whose last step does not state the answer argues for something else, or stops early",
)
def answer_in_last_step(steps: pa.ListArray, final_answer: pa.Array) -> pa.BooleanArray:
    """Whether the last step holds the final answer as whole words or as a number; the last two steps are read.

    Compared after folding case, spaces and punctuation, and without thousands separators. Null without steps or an
    answer, and for answers of more than eight words, which are seldom repeated literally.
    """
    last = _last_two(steps)
    needle = folded(_plain_numbers(final_answer))
    hay = folded(_plain_numbers(last))
    words = pc.count_substring(needle, " ")
    judged = flags(pc.and_(pc.less(words, 8), pc.greater(pc.utf8_length(needle), 0))) & flags(hay.is_valid())
    found = [
        f" {small} " in f" {large} " if judge else False
        for judge, small, large in zip(judged.tolist(), needle.to_pylist(), hay.to_pylist(), strict=True)
    ]
    return pa.array(found, pa.bool_(), mask=~judged)


def _last_two(steps: pa.ListArray) -> pa.LargeStringArray:
    """Text of the last two steps: `So the answer is:` and the answer are often apart."""
    items, _ = flat(steps)
    before = last_step(pa.ListArray.from_arrays(*_without_last(steps, items)))
    last = last_step(steps)
    both = pc.binary_join_element_wise(pc.fill_null(before, ""), last, pa.scalar("\n", pa.large_string()))
    return pc.if_else(before.is_valid(), both, last)


def _without_last(steps: pa.ListArray, items: pa.Array) -> tuple[pa.Array, pa.Array]:
    counts = lengths(steps)
    keep = ranks(counts) < np.repeat(counts, counts) - 1
    offsets = np.concatenate([[0], np.cumsum(np.maximum(counts - 1, 0))])
    return pa.array(offsets, pa.int32()), items.filter(pa.array(keep))


def _plain_numbers(text: pa.Array) -> pa.Array:
    """1,000 as 1000 and 12.50 as 12.5, so that equal numbers look alike."""
    text = pc.replace_substring_regex(text, r"(\d),(\d{3})", r"\1\2")
    return pc.replace_substring_regex(text, r"(\.\d*?)0+(\D|$)", r"\1\2")


@row_signal(
    dimension="accuracy",
    kinds=_REASONING,
    reads={"verifier": _COLUMNS["verifier"]},
    writes=pa.bool_(),
    unit="true or false",
    source="the record's own verifier",
)
def verifier_failed(verifier: pa.StructArray) -> pa.BooleanArray:
    """Whether the record says that its answer was checked and found wrong; null without a verdict."""
    return pc.invert(member(verifier, "passed"))


@row_signal(
    dimension="accuracy",
    kinds=_REASONING,
    reads=_STEPS,
    writes=pa.int64(),
    unit="steps",
    source="step labels and ratings as in PRM800K, arXiv:2305.20050",
)
def bad_steps(steps: pa.ListArray) -> pa.Int64Array:
    """Steps that a person or a judge rated below zero, or labelled wrong. Null where no step has a verdict."""
    items, parents = flat(steps)
    rating, label = member(items, "rating"), pc.utf8_lower(member(items, "label"))
    bad = flags(pc.less(rating, 0.0)) | flags(
        pc.is_in(label, pa.array(["wrong", "incorrect", "bad", "error", "negative", "-", "false"], TEXT))
    )
    judged = tally(parents, len(steps), valid(rating) | valid(label))
    return pa.array(tally(parents, len(steps), bad), mask=judged == 0)


@row_signal(
    dimension="accuracy",
    kinds=_REASONING,
    reads={"question": TEXT, "final_answer": TEXT},
    writes=pa.bool_(),
    unit="true or false",
    source="an answer that repeats the question answers nothing",
)
def answer_repeats_question(question: pa.Array, final_answer: pa.Array) -> pa.BooleanArray:
    """Whether the final answer is the question again, but for case, spaces and punctuation. Null without both."""
    left, right = folded(asked("reasoning", {"question": question})), folded(final_answer)
    return pc.if_else(pc.greater(pc.utf8_length(right), 0), pc.equal(left, right), pa.scalar(None, pa.bool_()))
