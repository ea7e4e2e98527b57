"""Code and formulas written otherwise than in the rest of their source: indentation, quotes, names, math notation."""

from __future__ import annotations

import re
from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from assay.records.schema import SOURCE, TEXT
from assay.signals.base import dataset_signal
from assay.signals.drift import counted, drifting, usual

_SEEN = pa.schema([("row", pa.int64()), ("facet", TEXT), ("style", TEXT)])
_FENCE = re.compile(
    r"^(?P<mark>`{3,9}|~{3,9})[ \t]*(?P<language>[\w+#.-]*)[^\n]*\n(?P<code>.*?)^(?P=mark)", re.M | re.S
)
_INDENT = re.compile(r"^(\t+|[ ]+)(?=\S)", re.M)
_STRING = re.compile(r"(?<![\w'\"\\])(?P<mark>['\"])(?!(?P=mark))(?:[^'\"\\\n]|\\.)*(?P=mark)")
_NAMED = {
    "python": re.compile(r"\bdef\s+_*([A-Za-z]\w*)"),
    "javascript": re.compile(r"\b(?:function|const|let|var)\s+_*([A-Za-z]\w*)"),
}
_LANGUAGES = {"py": "python", "python3": "python", "js": "javascript", "ts": "javascript", "typescript": "javascript"}
# Quotes mean the same only in these; in Go, Rust, C and SQL they do not.
_QUOTED = ("python", "javascript")
# `$5 and $6` is money: a formula begins and ends without a space and holds a sign of mathematics.
_DOLLAR = re.compile(r"(?<![\\$\w])\$(?![\s$])(?=[^$\n]*[\\^_=+{}])[^$\n]{1,200}?(?<![\s\\])\$(?![\w$])|\$\$[^$]+\$\$")
_BRACKET = re.compile(r"\\\([^\n]{1,200}?\\\)|\\\[.{1,1000}?\\\]", re.S)
_MARKED = r"(?m)^(?:```|~~~)|\$|\\[(\[]"
FEWEST = 3  # signs of a style in a record, and this share of all signs, for the record to have it
CLEAR = 0.8


def styles(text: str) -> dict[str, str]:
    """Facet -> the style that clearly dominates in one text: `indentation of python` -> `4 spaces`."""
    signs: dict[str, Counter[str]] = {}
    for block in _FENCE.finditer(text):
        language = block["language"].lower()
        language = _LANGUAGES.get(language, language) or "code"
        code = block["code"]
        _indents(code, signs.setdefault(f"indentation of {language}", Counter()))
        if language in _QUOTED:
            quotes = signs.setdefault(f"quotes of {language}", Counter())
            quotes.update("single" if one["mark"] == "'" else "double" for one in _STRING.finditer(code))
            _names(_NAMED[language].findall(code), signs.setdefault(f"names of {language}", Counter()))
    prose = _FENCE.sub("", text)
    math = signs.setdefault("formulas", Counter())
    math["$..$"] += len(_DOLLAR.findall(prose))
    math[r"\(..\)"] += len(_BRACKET.findall(prose))
    out = {}
    for facet, counts in signs.items():
        for style, count in counts.items():
            if count >= FEWEST and count >= CLEAR * counts.total():
                out[facet] = style
    return out


def _indents(code: str, counts: Counter[str]) -> None:
    """One block gives one step of indentation: tabs, or the least number of spaces that it begins lines with."""
    found = [match[1] for match in _INDENT.finditer(code)]
    tabs = sum(one[0] == "\t" for one in found)
    if tabs:
        counts["tabs"] += tabs
    widths = [len(one) for one in found if one[0] == " "]
    step = min((width for width in widths if width > 1), default=0)
    # A least width of 3 or 6 is an alignment, not a step.
    if step in (2, 4, 8) and sum(width % step == 0 for width in widths) >= CLEAR * len(widths):
        counts[f"{step} spaces"] += len(widths)


def _names(names: list[str], counts: Counter[str]) -> None:
    for name in names:
        if "_" in name.strip("_") and name.lower() == name:
            counts["snake_case"] += 1
        elif re.fullmatch(r"[a-z]+(?:[A-Z][a-z0-9]*)+", name):
            counts["camelCase"] += 1


def _seen(text: pa.Array) -> pa.Table:
    rows = pc.indices_nonzero(pc.fill_null(pc.match_substring_regex(text, _MARKED), False))
    found: list[tuple[int, str, str]] = []
    for row, value in zip(rows.to_pylist(), text.take(rows).to_pylist(), strict=True):
        found += [(row, facet, style) for facet, style in sorted(styles(value).items())]
    columns = list(zip(*found, strict=True)) if found else [(), (), ()]
    return pa.Table.from_arrays([pa.array(column, field.type) for column, field in zip(columns, _SEEN, strict=True)],
                                schema=_SEEN)  # fmt: skip


def _counts(*, text: pa.Array, source: pa.Array) -> pa.Table:
    return counted(_seen(text), source)


@dataset_signal(
    dimension="consistency",
    reads={"text": TEXT, "source": SOURCE},
    writes=pa.list_(TEXT),
    unit="styles",
    source="the style of at least 90 % of the source's records that show one, of 20 and more",
    summarise=_counts,
    combine=usual,
    default=False,
    python_bound=True,
)
def code_style_drift(state: pa.Table, *, text: pa.Array, source: pa.Array) -> pa.ListArray:
    """Styles that the record's source does not have otherwise, as `tabs in indentation of python (usually 4 spaces)`.

    In fenced code, by language: indentation, and for Python and JavaScript quotes and names; in prose the signs around
    formulas. A record shows a style by three signs of it and 80 % of all. Null where it shows none, or its source has
    no usual one.
    """
    return drifting(state, _seen(text), source)
