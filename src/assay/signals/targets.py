"""What was asked and what was answered, for each kind: the two texts that most signals about answers compare."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from assay.core.arrow import one_array
from assay.records.schema import columns_of
from assay.signals.nested import (
    Ints,
    firsts,
    flags,
    flat,
    join_lists,
    lasts,
    lengths,
    member,
    pick,
    ranks,
    relisted,
    tally,
)

ASKED = {"qa": ("prompt", "messages"), "reasoning": ("question",), "agentic": ("task",), "preference": ("prompt",)}
ANSWERED = {
    "qa": ("best_answer", "messages", "answers"),
    "reasoning": ("final_answer", "steps"),
    "agentic": ("outcome",),
    "preference": ("candidates", "resolution"),
    "composite": ("text",),
}


def asked_columns(kind: str) -> dict[str, pa.DataType]:
    types = columns_of(kind)
    return {name: types[name] for name in ASKED[kind]}


def answered_columns(kind: str) -> dict[str, pa.DataType]:
    types = columns_of(kind)
    return {name: types[name] for name in ANSWERED[kind]}


def both_columns(kind: str) -> dict[str, pa.DataType]:
    return {**asked_columns(kind), **answered_columns(kind)}


def message_texts(messages: pa.StructArray) -> pa.LargeStringArray:
    """The text parts of each message, one per line; null where the message or its parts are."""
    return join_texts(member(messages, "parts"))


def join_texts(parts: pa.ListArray) -> pa.LargeStringArray:
    """The texts of a list of parts, one per line; parts without a text are left out."""
    items, parents = flat(parts)
    texts = member(items, "text")
    keep = flags(texts.is_valid())
    counts = tally(parents[keep], len(parts))
    return join_lists(relisted(texts.filter(pa.array(keep)), counts, parts.is_null()), "\n")


def last_of(messages: pa.ListArray, role: str) -> pa.LargeStringArray:
    """Text of the last message of a role in each list; null where there is none."""
    items, parents = flat(messages)
    index = lasts(parents, len(messages), flags(pc.equal(member(items, "role"), role)))
    return message_texts(pick(items, index))


def last_message(messages: pa.ListArray) -> pa.LargeStringArray:
    items, parents = flat(messages)
    index = lasts(parents, len(messages), flags(items.is_valid()))
    return message_texts(pick(items, index))


def candidate_texts(candidates: pa.ListArray) -> tuple[pa.LargeStringArray, Ints]:
    """Text of the last message of every candidate, and the row that each candidate belongs to."""
    items, parents = flat(candidates)
    return last_message(member(items, "messages")), parents


def chosen(candidates: pa.ListArray, which: pa.Int32Array) -> pa.LargeStringArray:
    """Text of the candidate that `which` (0-based) names in each row; null without a name or such a candidate."""
    texts, parents = candidate_texts(candidates)
    position = ranks(lengths(candidates))
    wanted = one_array(pc.fill_null(which, -1)).to_numpy(zero_copy_only=False)
    index = lasts(parents, len(candidates), position == wanted[parents])
    return pick(texts, index)


def asked(kind: str, columns: dict[str, pa.Array]) -> pa.LargeStringArray:
    """What was asked: the prompt, question or instruction, else the last user message. Null where there is none."""
    if kind == "qa":
        return pc.coalesce(columns["prompt"], last_of(columns["messages"], "user"))
    if kind == "reasoning":
        return columns["question"]
    if kind == "agentic":
        return member(columns["task"], "instruction")
    return pc.coalesce(last_of(columns["prompt"], "user"), last_message(columns["prompt"]))


def answered(kind: str, columns: dict[str, pa.Array]) -> pa.LargeStringArray:
    """What a model would learn to say: see ANSWERED. Null where there is none."""
    if kind == "qa":
        answers, parents = flat(columns["answers"])
        texts = member(answers, "text")
        first = pick(texts, firsts(parents, len(columns["answers"]), flags(texts.is_valid())))
        return pc.coalesce(columns["best_answer"], last_of(columns["messages"], "assistant"), first)
    if kind == "reasoning":
        return pc.coalesce(columns["final_answer"], last_step(columns["steps"]))
    if kind == "agentic":
        return member(columns["outcome"], "final_answer")
    if kind == "preference":
        return chosen(columns["candidates"], member(columns["resolution"], "chosen"))
    return columns["text"]


def last_step(steps: pa.ListArray) -> pa.LargeStringArray:
    """Text of the last reasoning step that has one."""
    items, parents = flat(steps)
    texts = member(items, "text")
    return pick(texts, lasts(parents, len(steps), flags(texts.is_valid())))


def joined_steps(steps: pa.ListArray) -> pa.LargeStringArray:
    """All step texts of a chain, one per line; null without steps."""
    items, _ = flat(steps)
    return join_lists(relisted(member(items, "text"), lengths(steps), steps.is_null()), "\n")
