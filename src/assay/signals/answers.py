"""Answers against their question and their context, and the order of turns in a chat."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.records.schema import TEXT, columns_of
from assay.signals.base import row_signal
from assay.signals.nested import firsts, flags, flat, lasts, lengths, member, ranks, tally, valid, visible
from assay.signals.targets import answered, answered_columns, asked, both_columns, join_texts
from assay.text.normal import folded

_QA = columns_of("qa")
_CONTEXT = {name: _QA[name] for name in ("best_answer", "answers", "context")}
MIN_CONTEXT_WORDS = 20  # a shorter "context" is an instruction's input, from which an answer is made, not copied
MAX_SPAN_WORDS = 12  # longer answers are written, not copied: their absence from the context proves nothing

# Beginnings and stock phrases of assistants, lower case; each was found in published instruction data.
_BOILERPLATE = (
    r"as an? (ai|artificial intelligence)( language)? (model|assistant|chatbot)|as a (large )?language model"
    r"|i('m| am) (just |only )?an? (ai|artificial intelligence)( language)?( model| assistant)?[,. ]"
    r"|my (knowledge|training)( data)? (cutoff|cut-off)|as of my (last|latest) (knowledge )?(update|training)"
    r"|i do(n't| not) have (personal (opinions|experiences|feelings|beliefs)|access to real-time)"
)
_REFUSAL = (
    r"^\s*(i('m| am) (very )?sorry,? but|sorry,? but|i apologi[sz]e,? but|unfortunately,?)?\s*"
    r"(i('m| am) (not able|unable)|i can(no|'|’)?t|i cannot|i won't|i will not)"
    r" (to )?(help|assist|provide|fulfill?|comply|answer|do that|create|generate|engage|discuss|support|share|write)"
)


@row_signal(
    dimension="validity",
    kinds=("qa", "preference", "agentic", "composite"),
    reads=answered_columns,
    writes=pa.bool_(),
    unit="true or false",
    source="signals/answers.py: stock phrases of assistants, English only",
)
def ai_boilerplate(*, kind: str, **columns: pa.Array) -> pa.BooleanArray:
    """Whether the answer speaks as an assistant about itself (`as an AI language model`). Null without an answer."""
    return pc.match_substring_regex(pc.utf8_lower(answered(kind, columns)), _BOILERPLATE)


@row_signal(
    dimension="completeness",
    kinds=("qa", "preference", "agentic"),
    reads=answered_columns,
    writes=pa.bool_(),
    unit="true or false",
    source="signals/answers.py: how assistants decline, English only",
)
def refusal(*, kind: str, **columns: pa.Array) -> pa.BooleanArray:
    """Whether the answer opens by declining to answer. Null without an answer."""
    plain = pc.replace_substring(pc.utf8_lower(answered(kind, columns)), "’", "'")
    return pc.match_substring_regex(plain, _REFUSAL)


@row_signal(
    dimension="completeness",
    kinds=("qa",),
    reads=answered_columns,
    writes=pa.bool_(),
    unit="true or false",
    source="a question without an answer trains nothing",
)
def empty_answer(*, kind: str, **columns: pa.Array) -> pa.BooleanArray:
    """Whether there is no visible answer: no best answer, no last assistant message, no first listed answer."""
    return pa.array(~visible(answered(kind, columns)))


@row_signal(
    dimension="accuracy",
    kinds=("qa",),
    reads=both_columns,
    writes=pa.bool_(),
    unit="true or false",
    source="an answer that repeats the prompt answers nothing",
)
def answer_repeats_prompt(*, kind: str, **columns: pa.Array) -> pa.BooleanArray:
    """Whether the answer is the prompt again, but for case, spaces and punctuation. Null without both."""
    left, right = folded(asked(kind, columns)), folded(answered(kind, columns))
    return pc.if_else(pc.greater(pc.utf8_length(right), 0), pc.equal(left, right), pa.scalar(None, pa.bool_()))


@row_signal(
    dimension="accuracy",
    kinds=("qa",),
    reads=_CONTEXT,
    writes=pa.bool_(),
    unit="true or false",
    source="extractive answers stand in their context (SQuAD, arXiv:1606.05250)",
    version=2,
)
def answer_in_context(best_answer: pa.Array, answers: pa.ListArray, context: pa.ListArray) -> pa.BooleanArray:
    """Whether an answer stands in the record's context as whole words, but for case, spaces and punctuation.

    An answer that stands exactly where the record says is in its context, whole words or not. Null without a context or
    an answer, for contexts of fewer than MIN_CONTEXT_WORDS words, answers of more than MAX_SPAN_WORDS words, and for
    yes and no.
    """
    items, parents = flat(answers)
    listed = member(items, "text")
    first = listed.take(_first_index(listed, parents, len(answers)))
    needle = folded(pc.coalesce(best_answer, first))
    hay = folded(join_texts(context))
    few = pc.less(pc.count_substring(needle, " "), MAX_SPAN_WORDS)
    long = pc.greater_equal(pc.count_substring(hay, " "), MIN_CONTEXT_WORDS - 1)
    said = pc.and_(pc.greater(pc.utf8_length(needle), 0), pc.or_(long, pc.invert(pc.string_is_ascii(hay))))
    verdict = pc.is_in(needle, pa.array(["yes", "no", "maybe", "true", "false"], TEXT))
    judged = flags(few) & flags(said) & ~flags(verdict)
    found = np.array(
        [
            judge and _stands_in(small, large)
            for judge, small, large in zip(judged.tolist(), needle.to_pylist(), hay.to_pylist(), strict=True)
        ],
        np.bool_,
    )
    missing = np.flatnonzero(judged & ~found)
    if len(missing):
        rows = pa.array(missing)
        placed = span_mismatches(answers.take(rows), context.take(rows))
        found[missing] = flags(pc.equal(placed, 0)) & flags(pc.equal(needle.take(rows), folded(first.take(rows))))
    return pa.array(found, mask=~judged)


def _stands_in(small: str, large: str) -> bool:
    """Whole words where words have spaces; anywhere in scripts that write none, or glue endings to words."""
    if not small.isascii():
        return small in large
    if f" {small} " in f" {large} ":
        return True
    # Latin words and figures inside such a script have no spaces around them either.
    return (
        not large.isascii() and re.search(rf"(?<![\x21-\u024f]){re.escape(small)}(?![\x21-\u024f])", large) is not None
    )


def _first_index(texts: pa.Array, parents: np.ndarray, rows: int) -> pa.Array:
    index = firsts(parents, rows, valid(texts))
    return pa.array(index, pa.int64(), mask=index < 0)


@row_signal(
    dimension="consistency",
    kinds=("qa",),
    reads={"answers": _QA["answers"], "context": _QA["context"]},
    writes=pa.int64(),
    unit="answers",
    source="SQuAD's answer_start, in characters",
    python_bound=True,
)
def span_mismatches(answers: pa.ListArray, context: pa.ListArray) -> pa.Int64Array:
    """Answers whose text does not stand in any context part at the place that the record gives.

    Null where no answer has a place, or there is no context.
    """
    items, parents = flat(answers)
    starts, texts = member(items, "span_start"), member(items, "text")
    parts, part_parents = flat(context)
    part_texts = member(parts, "text").to_pylist()
    ends = np.searchsorted(part_parents, np.arange(len(context) + 1))
    wrong, judged = np.zeros(len(answers), np.int64), np.zeros(len(answers), np.int64)
    for at in np.flatnonzero(valid(starts) & valid(texts)).tolist():
        row = int(parents[at])
        here = part_texts[ends[row] : ends[row + 1]]
        if here:
            start, text = starts[at].as_py(), texts[at].as_py()
            judged[row] += 1
            wrong[row] += start < 0 or all(part is None or not part.startswith(text, start) for part in here)
    return pa.array(wrong, mask=judged == 0)


def _chat(kind: str) -> dict[str, pa.DataType]:
    return {"messages": _QA["messages"]} if kind == "qa" else {"prompt": columns_of(kind)["prompt"]}


@row_signal(
    dimension="consistency",
    kinds=("qa", "preference"),
    reads=_chat,
    writes=pa.bool_(),
    unit="true or false",
    source="chat templates accept system, then user and assistant in turn, with tools after the assistant",
)
def role_order_ok(*, kind: str, **columns: pa.Array) -> pa.BooleanArray:
    """Whether the turns are in an order that chat templates accept.

    System or developer messages only at the start, then a user; user and assistant in turn, tool results after an
    assistant or another tool; a qa chat ends with the assistant, a preference prompt with a user or a tool. Null
    without messages.
    """
    messages = columns["messages" if kind == "qa" else "prompt"]
    items, parents = flat(messages)
    rows = len(messages)
    role = member(items, "role")
    code = np.full(len(role), -1, np.int64)
    for number, names in enumerate((("system", "developer"), ("user",), ("assistant",), ("tool", "function"))):
        code[flags(pc.is_in(role, pa.array(names, TEXT)))] = number
    position = ranks(lengths(messages))
    before = np.where(position == 0, 0, np.roll(code, 1)) if len(code) else code
    # before -> allowed next: after system (or nothing) system or user; user -> assistant; assistant -> user, tool;
    # tool -> tool, assistant. A user who adds something after a tool result is unusual but accepted, and so is a
    # preference's instruction followed by its input.
    allowed = np.array([[1, 1, 0, 0], [0, 0, 1, 0], [0, 1, 0, 1], [0, 1, 1, 1]], np.bool_)
    allowed[1, 1] = kind == "preference"
    fine = (code >= 0) & (before >= 0) & allowed[np.maximum(before, 0), np.maximum(code, 0)]
    last = lasts(parents, rows, np.ones(len(code), np.bool_))
    final = code[last] if len(code) else np.full(rows, -1)
    ends = (final == 2) if kind == "qa" else (final == 1) | (final == 3)
    return pa.array((tally(parents, rows, ~fine) == 0) & ends, mask=lengths(messages) == 0)
