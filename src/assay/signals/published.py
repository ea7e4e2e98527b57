"""What published web-text filters measure, one signal for each filter and code base. Thresholds are in the presets.

Each value is a struct, measured in one pass; a rule names a member: `gopher_repetition_dolma.top_2gram_char_share`.
On request or when a rule reads them: they cost more than all default signals together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.core.arrow import utf8_views
from assay.kernels.endings import TERMINAL
from assay.kernels.filter_lines import c4_lines as _c4_lines
from assay.kernels.filter_lines import fineweb_lines as _fineweb_lines
from assay.kernels.filter_lines import phrases
from assay.kernels.repetition import DATATROVE, DCLM, DOLMA, FIELDS, repetition
from assay.kernels.shape import text_shape
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
_COUNTS = ("words", "distinct_stop_words", "stop_words")
_BREAKS = np.array([None, "lorem_ipsum", "curly_bracket"], object)


def _type(members: Sequence[str]) -> pa.DataType:
    def of(name: str) -> pa.DataType:
        if name.startswith("page_break"):
            return TEXT
        return _I64 if name in _COUNTS or name.startswith(("sentences", "kept_lines")) else _F64

    return pa.struct([pa.field(name, of(name)) for name in members])


def _struct(
    text: pa.LargeStringArray, values: NDArray[np.float64] | NDArray[np.int64], members: Mapping[str, int]
) -> pa.StructArray:
    """The kernel's columns as members; NaN is null, and so is the whole value where there is no text."""
    kind = _type(tuple(members))
    columns = []
    for field, i in zip(kind, members.values(), strict=True):
        column = values[:, i]
        if field.type == TEXT:
            columns.append(pa.array(_BREAKS[column], TEXT))
        else:
            unknown = np.isnan(column)
            columns.append(pa.array(np.where(unknown, 0, column), mask=unknown).cast(field.type))
    return pa.StructArray.from_arrays(columns, fields=list(kind), mask=text.is_null())


def _repeated(text: pa.LargeStringArray, variant: int, members: Mapping[str, int]) -> pa.StructArray:
    return _struct(text, repetition(*utf8_views(text), character_classes(), variant), members)


def _shaped(text: pa.LargeStringArray, variant: int, members: Mapping[str, int]) -> pa.StructArray:
    return _struct(text, text_shape(*utf8_views(text), character_classes(), variant), members)


@row_signal(
    dimension="uniqueness",
    reads=_READS,
    writes=_type(tuple(_REPETITION)),
    unit="shares",
    source="Rae et al. 2021, table A1, as datatrove counts",
    default=False,
)
def gopher_repetition_datatrove(text: pa.LargeStringArray) -> pa.StructArray:
    """Duplicate lines and paragraphs from the second copy on, top and duplicate n-grams, as shares of all characters.

    Words are peeled by our rules, not by spaCy's tokenizer. A member is null where the text has no such part.
    """
    return _repeated(text, DATATROVE, _REPETITION)


@row_signal(
    dimension="uniqueness",
    reads=_READS,
    writes=_type(tuple(_NO_PARAGRAPHS)),
    unit="shares",
    source="Rae et al. 2021, table A1, as dolma counts (tagger gopher_v1)",
    default=False,
)
def gopher_repetition_dolma(text: pa.LargeStringArray) -> pa.StructArray:
    """Repeated lines, every copy counted, and n-grams between white space, as shares of the words' characters.

    Character shares of lines can be above 1: lines have spaces, the words' characters have none.
    """
    return _repeated(text, DOLMA, _NO_PARAGRAPHS)


@row_signal(
    dimension="uniqueness",
    reads=_READS,
    writes=_type(tuple(_REPETITION)),
    unit="shares",
    source="Rae et al. 2021, table A1, as DCLM counts",
    default=False,
)
def gopher_repetition_dclm(text: pa.LargeStringArray) -> pa.StructArray:
    """Repeated lines and paragraphs, every copy counted, and the words that repeated n-grams cover.

    Words are letters and digits between Unicode word boundaries, by a shortened rule.
    """
    return _repeated(text, DCLM, _REPETITION)


@row_signal(
    dimension=None,
    reads=_READS,
    writes=_type(tuple(_DATATROVE)),
    unit="counts, characters and shares",
    source="Rae et al. 2021, A.1.1, as datatrove counts",
    default=False,
)
def gopher_quality_datatrove(text: pa.LargeStringArray) -> pa.StructArray:
    """Words that are not only symbols, their mean length, symbols per word, line shares, distinct stop words.

    Punctuation counts as words in the shares, as it does there; words are peeled by our rules, not by spaCy's.
    """
    return _shaped(text, DATATROVE, _DATATROVE)


@row_signal(
    dimension=None,
    reads=_READS,
    writes=_type(tuple(_DOLMA)),
    unit="counts, characters and shares",
    source="Rae et al. 2021, A.1.1, as dolma counts (tagger gopher_v1)",
    default=False,
)
def gopher_quality_dolma(text: pa.LargeStringArray) -> pa.StructArray:
    """Words between white space, their median length, symbol words, line shares, occurrences of stop words."""
    return _shaped(text, DOLMA, _DOLMA)


@row_signal(
    dimension=None,
    reads=_READS,
    writes=_type(tuple(_DCLM)),
    unit="counts, characters and shares",
    source="Rae et al. 2021, A.1.1, as DCLM counts",
    default=False,
)
def gopher_quality_dclm(text: pa.LargeStringArray) -> pa.StructArray:
    """Words that begin with a letter or digit, mean length of all, symbols per word, line shares, stop words."""
    return _shaped(text, DCLM, _DCLM)


@row_signal(
    dimension=None,
    reads=_READS,
    writes=_type(tuple(_FINEWEB)),
    unit="shares",
    source="Penedo et al. 2024, 3.6, as datatrove counts",
    default=False,
)
def fineweb_lines(text: pa.LargeStringArray) -> pa.StructArray:
    """Lines that end in a sentence mark, lines of at most 30 characters, characters of repeated lines, feeds per word.

    The marks are those of the common scripts, 26 of Unicode's 159. Null members where no line holds anything.
    """
    return _struct(text, _fineweb_lines(*utf8_views(text), character_classes(), TERMINAL), _FINEWEB)


@row_signal(
    dimension=None,
    reads=_READS,
    writes=_type(tuple(_C4)),
    unit="counts",
    source="Raffel et al. 2020, 2.2, as datatrove counts",
    default=False,
)
def c4_lines(text: pa.LargeStringArray) -> pa.StructArray:
    """Sentences and lines that C4's line rules would keep, and what ends the page: lorem_ipsum, curly_bracket or null.

    The members with any_end do not ask for an end mark, as FineWeb has it. The text itself is not rewritten.
    """
    return _struct(text, _c4_lines(*utf8_views(text), *phrases()), _C4)
