"""Quotes and citations looked up in a folder of authorities: what is quoted or cited, and is not there."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

import pyarrow as pa

from assay.records.schema import TEXT, columns_of
from assay.signals.base import row_signal
from assay.signals.targets import ANSWERED, ASKED, answered, answered_columns, asked, asked_columns, join_texts
from assay.text.citations import cited, dangling_numbers
from assay.text.quotes import Authorities, prose, quoted, read_authorities, words

_INDEXES: OrderedDict[tuple[str, int, int, int], Authorities] = OrderedDict()
_LOCK = threading.Lock()
_KEPT = 2  # indexes in memory


def index_of(folder: str) -> Authorities:
    """The index of a folder, made once per process and made again when its files change. E106: see read_authorities."""
    place = Path(folder)
    files = [place] if place.is_file() else list(place.rglob("*"))
    stats = [file.stat() for file in files]
    newest = max((one.st_mtime_ns for one in stats), default=0)
    key = (str(place.resolve()), len(files), sum(one.st_size for one in stats), newest)
    with _LOCK:
        if key not in _INDEXES:
            _INDEXES[key] = read_authorities(folder)
            while len(_INDEXES) > _KEPT:
                _INDEXES.popitem(last=False)
        _INDEXES.move_to_end(key)
        return _INDEXES[key]


def _read(kind: str) -> dict[str, pa.DataType]:
    question = asked_columns(kind) if kind in ASKED else {}
    context = {"context": columns_of("qa")["context"]} if kind == "qa" else {}
    return {**question, **answered_columns(kind), **context}


def _own(kind: str, columns: dict[str, pa.Array]) -> tuple[list[str], list[int]]:
    """What each record was given beside the authorities: its question and context, and how many passages that are."""
    given = [""] * len(next(iter(columns.values())))
    passages = [0] * len(given)
    if kind in ASKED:
        given = [text or "" for text in asked(kind, columns).to_pylist()]
    if kind == "qa":
        context = join_texts(columns["context"]).to_pylist()
        given = [f"{one}\n{more or ''}" for one, more in zip(given, context, strict=True)]
        passages = [length or 0 for length in columns["context"].value_lengths().to_pylist()]
    return given, passages


@row_signal(
    dimension="accuracy",
    kinds=tuple(ANSWERED),
    reads=_read,
    writes=pa.list_(TEXT),
    unit="quotes",
    source="word for word in one file of `authorities`, in order where an ellipsis leaves something out",
    params={"authorities": None, "quote_words": 6},
    files=("authorities",),
    default=False,
    python_bound=True,
)
def quotes_not_found(*, kind: str, authorities: str | None, quote_words: int, **columns: pa.Array) -> pa.ListArray:
    """Passages in quotation marks or block quotes, of `quote_words` words and more, that no authority holds.

    Compared are words alone: case, punctuation, white space and forms of quotes and dashes play no part; `...` and
    `[..]` part a quote. In answers; what the record's own question or context says counts as found. Null without
    `authorities`, without an answer, and where nothing is quoted. E106: a folder that is not there, or too large.
    """
    texts = answered(kind, columns).to_pylist()
    if authorities is None:
        return pa.nulls(len(texts), pa.list_(TEXT))
    index = index_of(authorities)
    given, _ = _own(kind, columns)
    out: list[list[str] | None] = []
    for text, own in zip(texts, given, strict=True):
        judged = False
        missing = []
        said = ""
        for quote in quoted(text or "", quote_words):
            found = index.holds(quote)
            if found is False:
                said = said or f" {' '.join(words(own))} "
                found = f" {' '.join(words(quote))} " in said
            judged |= found is not None
            if found is False:
                missing.append(" ".join(quote.split()))
        out.append(missing if judged else None)
    return pa.array(out, pa.list_(TEXT))


@row_signal(
    dimension="accuracy",
    kinds=tuple(ANSWERED),
    reads=_read,
    writes=pa.list_(TEXT),
    unit="citations",
    source="names, headings and texts of the files in `authorities`; see text/citations.py for what is a citation",
    params={"authorities": None},
    files=("authorities",),
    default=False,
    python_bound=True,
)
def unresolved_citations(*, kind: str, authorities: str | None, **columns: pa.Array) -> pa.ListArray:
    """Citations that occur nowhere in the authorities, as written: laws, cases, papers, standards, author and year.

    Numbers such as [3] are held against the text's own list of references and the passages of its context. Whether the
    authority says what it is cited for is not judged. Null without `authorities`, and where nothing is cited. E106: a
    folder that is not there, or too large.
    """
    texts = answered(kind, columns).to_pylist()
    if authorities is None:
        return pa.nulls(len(texts), pa.list_(TEXT))
    index = index_of(authorities)
    _, passages = _own(kind, columns)
    out: list[list[str] | None] = []
    for text, given in zip(texts, passages, strict=True):
        plain = prose(text or "")
        found = cited(plain)
        numbers = dangling_numbers(plain, given)
        if not found and numbers is None:
            out.append(None)
            continue
        missing = [written for written, keys in found.items() if not any(index.mentions(key) for key in keys)]
        out.append(missing + (numbers or []))
    return pa.array(out, pa.list_(TEXT))
