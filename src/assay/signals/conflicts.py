"""The same input with different outcomes, anywhere in the dataset: somebody is wrong, or the input says too little."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.records.schema import columns_of
from assay.signals.base import dataset_signal
from assay.signals.nested import flat, join_lists, lengths, member, pick, ranks, relisted
from assay.signals.targets import answered, asked, both_columns, candidate_texts
from assay.text.normal import DIGEST, folded_hash


def _pairs(key: pa.Array, outcome: pa.Array) -> pa.Table:
    """Distinct (key, outcome) with counts; rows that lack either do not take part."""
    rows = pa.table({"key": key, "outcome": outcome})
    rows = rows.filter(pc.and_(rows["key"].is_valid(), rows["outcome"].is_valid()))
    counts = rows.group_by(["key", "outcome"], use_threads=False).aggregate([([], "count_all")])
    return counts.select(["key", "outcome", "count_all"])


def _conflicting(parts: pa.Table) -> pa.Table:
    """Keys with more than one outcome: (key, total records, records of each outcome)."""
    pairs = parts.group_by(["key", "outcome"], use_threads=False).aggregate([("count_all", "sum")])
    keys = pairs.group_by("key", use_threads=False).aggregate([("outcome", "count"), ("count_all_sum", "sum")])
    keys = keys.filter(pc.greater(keys["outcome_count"], 1)).select(["key", "count_all_sum_sum"])
    kept = pairs.join(keys, "key", join_type="inner", use_threads=False).combine_chunks()
    return kept.sort_by([("key", "ascending"), ("outcome", "ascending")])


def _against(state: pa.Table, key: pa.Array, outcome: pa.Array) -> pa.Array:
    """Records with the same key and another outcome; 0 for an input seen with one outcome only."""
    rows = pa.table({"key": key, "outcome": outcome, "at": pa.array(np.arange(len(key)))})
    joined = rows.join(state, ["key", "outcome"], join_type="inner", use_threads=False)
    out = np.zeros(len(key), np.int64)
    others = pc.subtract(joined["count_all_sum_sum"], joined["count_all_sum"])
    out[joined["at"].to_numpy()] = others.to_numpy()
    unknown = pc.invert(pc.and_(key.is_valid(), outcome.is_valid()))
    return pa.array(out, mask=unknown.to_numpy(zero_copy_only=False))


_LABELLED = {name: columns_of("classification")[name] for name in ("text", "text_pair", "label", "labels", "label_set")}


def _label_key(columns: dict[str, pa.Array]) -> tuple[pa.Array, pa.Array]:
    pair = pc.fill_null(columns["text_pair"], "")
    scheme = pc.fill_null(columns["label_set"], "")  # two label sets over one text are two questions
    whole = pc.binary_join_element_wise(columns["text"], pair, scheme, pa.scalar("\u241e", pa.large_string()))
    labels, parents = flat(columns["labels"])
    order = pc.sort_indices(
        pa.table({"row": parents, "label": labels}), sort_keys=[("row", "ascending"), ("label", "ascending")]
    )
    as_set = join_lists(
        relisted(labels.take(order), lengths(columns["labels"]), pa.array(lengths(columns["labels"]) == 0)), "\u241e"
    )
    outcome = pc.coalesce(columns["label"], as_set)
    return folded_hash(whole), folded_hash_or_text(outcome)


def folded_hash_or_text(outcome: pa.Array) -> pa.Array:
    """Digest of an outcome; one without a letter or digit (a label `+`) is compared as it stands."""
    folded = folded_hash(outcome)
    raw = pc.binary_join_element_wise(pa.scalar("\u241f", pa.large_string()), outcome, pa.scalar("", pa.large_string()))
    return pc.coalesce(pc.cast(folded, pa.large_binary()), pc.cast(raw, pa.large_binary()))


def _label_pairs(**columns: pa.Array) -> pa.Table:
    return _pairs(*_label_key(columns))


@dataset_signal(
    dimension="consistency",
    kinds=("classification",),
    reads=_LABELLED,
    writes=pa.int64(),
    unit="other records",
    source="equal text but for case, spaces and punctuation, with another label",
    summarise=_label_pairs,
    combine=_conflicting,
)
def label_conflicts(state: pa.Table, **columns: pa.Array) -> pa.Int64Array:
    """How many other records have the same text (and pair) with another label; labels differing only in case agree.

    Null without a text or a label.
    """
    return _against(state, *_label_key(columns))


def _answer_key(kind: str, columns: dict[str, pa.Array]) -> tuple[pa.Array, pa.Array]:
    question = folded_hash(asked(kind, columns))
    if kind == "qa":  # a reading question is asked of its context, a chat turn of all that went before
        context = join_lists_of_parts(columns["context"])
        turns = lengths(columns["messages"])
        single = pa.array(turns <= 3)
        question = pc.if_else(single, question, pa.scalar(None, DIGEST))
        question = _combined(question, folded_hash(context))
    return question, folded_hash_or_text(answered(kind, columns))


def join_lists_of_parts(parts: pa.ListArray) -> pa.LargeStringArray:
    items, _ = flat(parts)
    return join_lists(relisted(member(items, "text"), lengths(parts), parts.is_null()), "\n")


def _combined(first: pa.Array, second: pa.Array) -> pa.Array:
    """Two digests as one key; null where the first is."""
    tail = pc.fill_null(second, pa.scalar(bytes(16), DIGEST))
    return pc.binary_join_element_wise(
        pc.cast(first, pa.large_binary()), pc.cast(tail, pa.large_binary()), pa.scalar(b"", pa.large_binary())
    )


def _qa_reads(kind: str) -> dict[str, pa.DataType]:
    more = {"context": columns_of("qa")["context"]} if kind == "qa" else {}
    return {**both_columns(kind), **more}


def _answer_pairs(*, kind: str, **columns: pa.Array) -> pa.Table:
    return _pairs(*_answer_key(kind, columns))


@dataset_signal(
    dimension="consistency",
    kinds=("qa", "reasoning"),
    reads=_qa_reads,
    writes=pa.int64(),
    unit="other records",
    source="equal question and context but for case, spaces and punctuation, with another answer",
    summarise=_answer_pairs,
    combine=_conflicting,
)
def answer_conflicts(state: pa.Table, *, kind: str, **columns: pa.Array) -> pa.Int64Array:
    """How many other records ask the same (of the same context) and give another answer.

    Null without a question or an answer, and for chats of more than three messages, whose last question alone does
    not say what was asked.
    """
    return _against(state, *_answer_key(kind, columns))


_PREFERRED = {name: columns_of("preference")[name] for name in ("prompt", "candidates", "resolution")}


def _preference_key(columns: dict[str, pa.Array]) -> tuple[pa.Array, pa.Array]:
    """Key: the prompt and both answers in a fixed order; outcome: which of them won."""
    texts, parents = candidate_texts(columns["candidates"])
    digests = pc.cast(folded_hash(texts), pa.large_binary())
    rows = len(columns["candidates"])
    position = ranks(lengths(columns["candidates"]))
    sides = []
    for name in ("chosen", "rejected"):
        wanted = pc.fill_null(member(columns["resolution"], name), -1).to_numpy(zero_copy_only=False)
        index = np.full(rows, -1, np.int64)
        hits = np.flatnonzero(position == wanted[parents]) if len(parents) else np.zeros(0, np.int64)
        index[parents[hits]] = hits
        sides.append(pick(digests, index))
    won, lost = sides
    empty = pa.scalar(b"", pa.large_binary())
    low, high = pc.min_element_wise(won, lost, skip_nulls=False), pc.max_element_wise(won, lost, skip_nulls=False)
    prompt = pc.cast(folded_hash(asked("preference", columns)), pa.large_binary())
    key = pc.binary_join_element_wise(prompt, low, high, empty)
    same = pc.fill_null(pc.equal(won, lost), False)
    return pc.if_else(same, pa.scalar(None, pa.large_binary()), key), won


def _preference_pairs(**columns: pa.Array) -> pa.Table:
    return _pairs(*_preference_key(columns))


@dataset_signal(
    dimension="consistency",
    kinds=("preference",),
    reads=_PREFERRED,
    writes=pa.int64(),
    unit="other records",
    source="the same prompt and pair of answers, won by the other one",
    summarise=_preference_pairs,
    combine=_conflicting,
)
def preference_conflicts(state: pa.Table, **columns: pa.Array) -> pa.Int64Array:
    """How many other records hold the same prompt and the same two answers with the opposite verdict.

    Null without a prompt, two answers and a verdict, and where both answers are the same.
    """
    return _against(state, *_preference_key(columns))
