"""What published web-text filters measure, one signal for each filter and code base. Thresholds are in the presets.

Each value is a struct; a rule names a member: `gopher_repetition_dolma.top_2gram_char_share`. Signals of one code base
are measured in one pass over the texts, which cuts and hashes words and lines once.
On request or when a rule reads them: they cost more than all default signals together.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.core.arrow import utf8_views
from assay.kernels.published import C4, FINEWEB, QUALITY, REPETITION, published
from assay.kernels.repetition import FIELDS
from assay.kernels.runs import DATATROVE, DCLM, DOLMA, kept_runs
from assay.kernels.words import character_classes
from assay.records.schema import TEXT
from assay.signals.base import row_signal

_READS = {"text": TEXT}
_F64, _I64 = pa.float64(), pa.int64()  # float32 would let 0.3 be more than 0.3
# A member of a struct and the column of the kernel's answer that it is; None for columns of another variant.
_REPETITION = {name: i for i, name in enumerate(FIELDS)}
_NO_PARAGRAPHS = {name: i for name, i in _REPETITION.items() if "paragraph" not in name}
_SHARES = {"bullet_line_share": 4, "ellipsis_line_share": 5, "alpha_word_share": 6}
_DATATROVE = {"words": 0, "mean_word_length": 1, "hash_per_word": 2, "ellipsis_per_word": 3, **_SHARES}
_DATATROVE |= {"distinct_stop_words": 7}
_DOLMA = {"words": 0, "median_word_length": 1, "symbol_word_share": 2, **_SHARES, "stop_words": 7}
_DCLM = {"words": 0, "mean_word_length": 1, "symbol_per_word": 2, **_SHARES, "stop_words": 7}
_FINEWEB = {"line_punct_ratio": 0, "short_line_ratio": 1, "char_dup_ratio": 2, "list_ratio": 3}
_C4 = {"sentences": 0, "kept_lines": 1, "page_break": 2}
_C4 |= {"sentences_any_end": 3, "kept_lines_any_end": 4, "page_break_any_end": 5}
C4_DOLMA = {"has_curly_bracket": 0, "has_lorem_ipsum": 1, "has_javascript": 2, "lines": 3, "unended_lines": 4}
C4_DOLMA |= {"short_lines": 5}
C4_DCLM = {"characters": 0, "has_lorem_ipsum": 1, "has_curly_bracket": 2, "kept_lines": 3, "sentences": 4}
_COUNTS = ("words", "distinct_stop_words", "stop_words", "lines", "unended_lines", "short_lines", "characters")
_BREAKS = np.array([None, "lorem_ipsum", "curly_bracket"], object)


def struct_type(members: Sequence[str]) -> pa.DataType:
    def of(name: str) -> pa.DataType:
        if name.startswith("page_break"):
            return TEXT
        if name.startswith("has_"):
            return pa.bool_()
        return _I64 if name in _COUNTS or name.startswith(("sentences", "kept_lines")) else _F64

    return pa.struct([pa.field(name, of(name)) for name in members])


def _struct(
    text: pa.LargeStringArray, values: NDArray[np.float64] | NDArray[np.int64], members: Mapping[str, int]
) -> pa.StructArray:
    """The kernel's columns as members; NaN is null, and so is the whole value where there is no text."""
    kind = struct_type(tuple(members))
    columns = []
    for field, i in zip(kind, members.values(), strict=True):
        column = values[:, i]
        if field.type == pa.bool_():
            columns.append(pa.array(column != 0))
        elif field.type == TEXT:
            columns.append(pa.array(_BREAKS[column], TEXT))
        else:
            unknown = np.isnan(column)
            columns.append(pa.array(np.where(unknown, 0, column), mask=unknown).cast(field.type))
    return pa.StructArray.from_arrays(columns, fields=list(kind), mask=text.is_null())


# What each signal is of the kernel's answers, and which columns of it.
_ANSWERS: dict[str, tuple[int, Mapping[str, int]]] = {
    "gopher_repetition_datatrove": (REPETITION, _REPETITION),
    "gopher_repetition_dolma": (REPETITION, _NO_PARAGRAPHS),
    "gopher_repetition_dclm": (REPETITION, _REPETITION),
    "gopher_quality_datatrove": (QUALITY, _DATATROVE),
    "gopher_quality_dolma": (QUALITY, _DOLMA),
    "gopher_quality_dclm": (QUALITY, _DCLM),
    "fineweb_lines": (FINEWEB, _FINEWEB),
    "c4_lines": (C4, _C4),
    "c4_dolma": (C4, C4_DOLMA),
    "c4_dclm": (C4, C4_DCLM),
}
_known = threading.local()  # runs met before, by variant: kept from batch to batch, 12 MB per thread and variant


def _measured(names: Sequence[str], text: pa.LargeStringArray, variant: int) -> dict[str, pa.Array]:
    """All these signals of one code base, in one pass over the texts."""
    wanted = sum(_ANSWERS[name][0] for name in names)
    known: dict[Any, NDArray[np.uint64]] = _known.__dict__
    if variant not in known:
        known[variant] = kept_runs()
    answers = published(*utf8_views(text), character_classes(), variant, wanted, known[variant])
    found: dict[int, Any] = dict(zip((REPETITION, QUALITY, FINEWEB, C4), answers, strict=True))
    return {name: _struct(text, found[_ANSWERS[name][0]], _ANSWERS[name][1]) for name in names}


def measure_datatrove(names: Sequence[str], text: pa.LargeStringArray) -> dict[str, pa.Array]:
    return _measured(names, text, DATATROVE)


def measure_dolma(names: Sequence[str], text: pa.LargeStringArray) -> dict[str, pa.Array]:
    return _measured(names, text, DOLMA)


def measure_dclm(names: Sequence[str], text: pa.LargeStringArray) -> dict[str, pa.Array]:
    return _measured(names, text, DCLM)


@row_signal(
    dimension="uniqueness",
    reads=_READS,
    writes=struct_type(tuple(_REPETITION)),
    unit="shares",
    source="Rae et al. 2021, table A1, as datatrove counts",
    version=2,
    default=False,
    shared=measure_datatrove,
)
def gopher_repetition_datatrove(text: pa.LargeStringArray) -> pa.StructArray:
    """Duplicate lines and paragraphs from the second copy on, top and duplicate n-grams, as shares of all characters.

    Words are those of spaCy's English tokenizer. A member is null where the text has no such part.
    """
    return measure_datatrove(["gopher_repetition_datatrove"], text)["gopher_repetition_datatrove"]


@row_signal(
    dimension="uniqueness",
    reads=_READS,
    writes=struct_type(tuple(_NO_PARAGRAPHS)),
    unit="shares",
    source="Rae et al. 2021, table A1, as dolma counts (tagger gopher_v1)",
    default=False,
    shared=measure_dolma,
)
def gopher_repetition_dolma(text: pa.LargeStringArray) -> pa.StructArray:
    """Repeated lines, every copy counted, and n-grams between white space, as shares of the words' characters.

    Character shares of lines can be above 1: lines have spaces, the words' characters have none.
    """
    return measure_dolma(["gopher_repetition_dolma"], text)["gopher_repetition_dolma"]


@row_signal(
    dimension="uniqueness",
    reads=_READS,
    writes=struct_type(tuple(_REPETITION)),
    unit="shares",
    source="Rae et al. 2021, table A1, as DCLM counts",
    version=2,
    default=False,
    shared=measure_dclm,
)
def gopher_repetition_dclm(text: pa.LargeStringArray) -> pa.StructArray:
    """Repeated lines and paragraphs, every copy counted, and the words that repeated n-grams cover.

    Words are letters and digits between Unicode word boundaries, by a shortened rule.
    """
    return measure_dclm(["gopher_repetition_dclm"], text)["gopher_repetition_dclm"]


@row_signal(
    dimension=None,
    reads=_READS,
    writes=struct_type(tuple(_DATATROVE)),
    unit="counts, characters and shares",
    source="Rae et al. 2021, A.1.1, as datatrove counts",
    version=2,
    default=False,
    shared=measure_datatrove,
)
def gopher_quality_datatrove(text: pa.LargeStringArray) -> pa.StructArray:
    """Words that are not only symbols, their mean length, symbols per word, line shares, distinct stop words.

    Punctuation counts as words in the shares, as it does there; words are those of spaCy's English tokenizer.
    """
    return measure_datatrove(["gopher_quality_datatrove"], text)["gopher_quality_datatrove"]


@row_signal(
    dimension=None,
    reads=_READS,
    writes=struct_type(tuple(_DOLMA)),
    unit="counts, characters and shares",
    source="Rae et al. 2021, A.1.1, as dolma counts (tagger gopher_v1)",
    default=False,
    shared=measure_dolma,
)
def gopher_quality_dolma(text: pa.LargeStringArray) -> pa.StructArray:
    """Words between white space, their median length, symbol words, line shares, occurrences of stop words."""
    return measure_dolma(["gopher_quality_dolma"], text)["gopher_quality_dolma"]


@row_signal(
    dimension=None,
    reads=_READS,
    writes=struct_type(tuple(_DCLM)),
    unit="counts, characters and shares",
    source="Rae et al. 2021, A.1.1, as DCLM counts",
    default=False,
    shared=measure_dclm,
)
def gopher_quality_dclm(text: pa.LargeStringArray) -> pa.StructArray:
    """Words that begin with a letter or digit, mean length of all, symbols per word, line shares, stop words."""
    return measure_dclm(["gopher_quality_dclm"], text)["gopher_quality_dclm"]


@row_signal(
    dimension=None,
    reads=_READS,
    writes=struct_type(tuple(_FINEWEB)),
    unit="shares",
    source="Penedo et al. 2024, 3.6, as datatrove counts",
    version=2,
    default=False,
    shared=measure_datatrove,
)
def fineweb_lines(text: pa.LargeStringArray) -> pa.StructArray:
    """Lines that end in a sentence mark, lines of at most 30 characters, characters of repeated lines, feeds per word.

    The marks are Unicode's 159 that end a sentence. Null members where no line holds anything.
    """
    return measure_datatrove(["fineweb_lines"], text)["fineweb_lines"]


@row_signal(
    dimension=None,
    reads=_READS,
    writes=struct_type(tuple(_C4)),
    unit="counts",
    source="Raffel et al. 2020, 2.2, as datatrove counts",
    version=2,
    default=False,
    shared=measure_datatrove,
)
def c4_lines(text: pa.LargeStringArray) -> pa.StructArray:
    """Sentences and lines that C4's line rules would keep, and what ends the page: lorem_ipsum, curly_bracket or null.

    The members with any_end do not ask for an end mark, as FineWeb has it. The text itself is not rewritten.
    """
    return measure_datatrove(["c4_lines"], text)["c4_lines"]
