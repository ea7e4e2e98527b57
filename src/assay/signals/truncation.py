"""Texts that stop in the middle: by what the source says, by an open code fence, by the last sentence."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.core.arrow import utf8_views
from assay.kernels.endings import (
    CLOSING,
    ENDED,
    FENCES,
    INDENTED,
    LAST,
    LINE_WORDS,
    LIST_LINE,
    MARKS,
    ODD_WORD,
    RESTING,
    SENTENCES,
    SYMBOLS,
    TERMINAL,
    WORDS,
    text_endings,
)
from assay.records.schema import TEXT, columns_of
from assay.signals.base import row_signal
from assay.signals.nested import Flags, flags, flat, lasts, member, pick
from assay.signals.targets import ANSWERED, answered, candidate_texts, joined_steps

# A text is judged by its last sentence only when it is this long and has shown that it ends its sentences.
MIN_WORDS = 30
MIN_SENTENCES = 2
MIN_LAST_LINE_WORDS = 6
_STOPPED = r'"(finish|stop)_reason"\s*:\s*"(length|max_tokens|model_length|MAX_TOKENS)"'
_LENGTH = pa.array(["length", "max_tokens", "model_length", "MAX_TOKENS", "incomplete"], TEXT)
_KINDS = ("qa", "reasoning", "composite", "agentic", "preference")


def _reads(kind: str) -> dict[str, pa.DataType]:
    types = columns_of(kind)
    more = ("extra_json", *(("steps", "completeness") if kind == "agentic" else ()))
    return {name: types[name] for name in (*ANSWERED[kind], *more)}


def cut_off(text: pa.LargeStringArray) -> tuple[Flags, Flags]:
    """Where a text plainly stops in the middle, and where it could be judged at all.

    Cut: an odd number of code fences; a last line of prose that ends in a comma, an opening bracket or a letter
    without a sentence end, in a text of at least MIN_WORDS words that ended at least MIN_SENTENCES sentences before.
    Not judged: short texts, and those ending in a list, heading, table, code, formula or address.
    """
    e = text_endings(*utf8_views(text), TERMINAL, CLOSING)
    known = np.asarray(text.is_valid().to_numpy(zero_copy_only=False))
    fenced = e[:, FENCES] % 2 == 1
    ended = (e[:, MARKS] & ENDED) != 0
    prose = (e[:, MARKS] & (LIST_LINE | INDENTED | SYMBOLS | ODD_WORD)) == 0
    long = (e[:, WORDS] >= MIN_WORDS) & (e[:, SENTENCES] >= MIN_SENTENCES) & (e[:, LINE_WORDS] >= MIN_LAST_LINE_WORDS)
    last = e[:, LAST]
    letter = ((last >= 65) & (last <= 90)) | ((last >= 97) & (last <= 122)) | ((last >= 0xC0) & (last < 0x2000))
    letter |= (last >= 0x3040) & (last < 0xD7B0)
    hanging = np.isin(last, [0x2C, 0x28, 0x5B, 0x3001, 0xFF0C, 0x060C]) | (letter & (e[:, RESTING] >= 2))
    cut = known & (fenced | (prose & long & ~ended & hanging))
    return cut, known & (cut | ended)


@row_signal(
    dimension="completeness",
    kinds=_KINDS,
    reads=_reads,
    writes=pa.bool_(),
    unit="true or false",
    source="signals/truncation.py; sentence ends reduced from Unicode Sentence_Terminal",
)
def truncated(*, kind: str, **columns: pa.Array) -> pa.BooleanArray:
    """Whether the text that a model would learn to say stops in the middle.

    True where the source says so (a finish reason of `length`), where a code fence is left open, or where prose
    stops without ending its sentence. Null where none of this can be told: short answers, lists, code, formulas.
    """
    extra = columns.pop("extra_json")
    said = flags(pc.match_substring_regex(extra, _STOPPED))
    if kind == "preference":
        texts, parents = candidate_texts(columns["candidates"])
        cut, judged = (np.bincount(parents[f], minlength=len(extra)) > 0 for f in cut_off(texts))
    elif kind == "reasoning":
        cut, judged = cut_off(joined_steps(columns["steps"]))
        # A chain that reached its answer was not cut; its steps need not be sentences.
        reached = flags(columns["final_answer"].is_valid())
        cut, judged = cut & ~reached, judged | reached
    else:
        cut, judged = cut_off(answered(kind, columns))
    if kind == "agentic":
        said |= flags(member(columns["completeness"], "truncated"))
        steps, parents = flat(columns["steps"])
        reasons = pick(member(steps, "finish_reason"), lasts(parents, len(extra), flags(steps.is_valid())))
        said |= flags(pc.is_in(reasons, _LENGTH))
        judged |= flags(reasons.is_valid())
    return pa.array(said | cut, mask=~(said | judged))
