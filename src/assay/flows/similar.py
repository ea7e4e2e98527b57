"""Which records are most like one: proposed by the index of signatures, verified exactly, with what differs."""

from __future__ import annotations

import difflib
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.core.arrow import one_array, utf8_views
from assay.core.errors import UnknownName
from assay.core.results import Result
from assay.dedup.near import SHINGLES, NearParams, sign
from assay.flows.dedupe.fragments import Fragment, fragments_of, signed_fragment
from assay.kernels.fold_table import fold_table
from assay.kernels.minhash import all_shingles, rows_as_words, sorted_sets
from assay.kernels.star_clusters import pair_jaccards
from assay.store import Dataset, Workspace
from assay.text.fields import VIEW, columns_read, compared_text

_VERIFIED = 1000  # candidates that are compared: those with most bands in common
_SHOWN_WORDS = 12  # of a change
_DIFFED = 1500  # words of each text in which changes are looked for


class Alike(msgspec.Struct, frozen=True, kw_only=True):
    """Another record: exact Jaccard similarity, bands in common, and words only one of the two has, in places."""

    record_id: str
    dataset: str
    similarity: float
    bands: int
    source: str | None
    only_here: list[str] = []
    only_there: list[str] = []


class SimilarResult(Result, frozen=True, kw_only=True):
    """`candidates`: records that shared a band; `found`: the most similar of them, best first."""

    dataset: str
    record_id: str
    candidates: int
    found: list[Alike]

    def lines(self) -> list[str]:
        out = [f"{self.dataset} {self.record_id}: {self.candidates:,} records share a band with it"]
        for one in self.found:
            out.append(f"  {one.similarity:.4f}  {one.record_id}  {one.source or ''}".rstrip())
            out += [f"          - {words}" for words in one.only_here[:3]]
            out += [f"          + {words}" for words in one.only_there[:3]]
        return out


def similar(
    ws: Workspace,
    dataset: str,
    record: str,
    *,
    limit: int = 10,
    fields: tuple[str, ...] = (),
    ref: str | int | None = None,
    params: NearParams | None = None,
) -> SimilarResult:
    """The records of the same dataset that are most like `record` by the index, which is made where it is missing.

    A record alike by less than about a half is rarely proposed (see NearParams.detection). ref: where the record is
    read; it is compared with the head. E101: no such dataset, record or field.
    """
    asked, compared = params or NearParams(), fields or VIEW
    for name in ws.names(dataset):
        data = ws.dataset(name)
        columns = list(dict.fromkeys(["record_id", *columns_read(data.kind, compared)]))
        own = data.take([record], columns=columns, ref=ref)
        if own.num_rows:
            return _similar(ws, data, own, compared, asked, limit)
    raise UnknownName("record", record, _near_ids(ws, dataset, record))


def _near_ids(ws: Workspace, dataset: str, record: str) -> list[str]:
    """Ids that begin alike, for the error."""
    found: list[str] = []
    for name in ws.names(dataset):
        for batch in ws.dataset(name).scan(columns=["record_id"]):
            found += [one for one in batch.column(0).to_pylist() if one[:3] == record[:3]]
            if len(found) > 10_000:
                return found
    return found


def _similar(
    ws: Workspace, data: Dataset, own: pa.Table, fields: tuple[str, ...], params: NearParams, limit: int
) -> SimilarResult:
    record = own["record_id"][0].as_py()
    text = one_array(compared_text(own, data.kind, fields))
    mine = sign(text, one_array(own["record_id"]), params)
    candidates = []
    for fragment in fragments_of(ws, data, fields) if mine.shingles[0] else []:
        signed, _ = signed_fragment(fragment, params)
        shared = (signed.bands == mine.bands).sum(axis=0)
        shared[signed.shingles == 0] = 0
        rows = np.flatnonzero(shared)
        candidates.append((fragment, rows, shared[rows]))
    every = np.concatenate([shared for _, _, shared in candidates]) if candidates else np.zeros(0, np.int64)
    least = np.sort(every)[-_VERIFIED] if len(every) > _VERIFIED else 1
    found = [pair for one in candidates for pair in _verified(data, one, int(least), text, record, params)]
    found.sort(key=lambda pair: (-pair[0].similarity, pair[0].record_id))
    here = text[0].as_py() or ""
    told = [
        msgspec.structs.replace(one, only_here=mine, only_there=theirs)
        for one, there in found[:limit]
        for mine, theirs in [changes(here, there)]
    ]
    return SimilarResult(dataset=data.name, record_id=record, candidates=max(len(every) - 1, 0), found=told)


def _verified(
    data: Dataset, one: tuple[Fragment, NDArray[Any], NDArray[Any]], least: int, text: pa.Array, record: str,
    params: NearParams,
) -> list[tuple[Alike, str]]:  # fmt: skip
    """Candidates of one fragment with their exact similarity, and their texts."""
    fragment, rows, shared = one
    rows, shared = rows[shared >= least], shared[shared >= least]
    found, first = [], 0
    for texts, batch in fragment.texts("record_id", "source"):
        start, end = np.searchsorted(rows, [first, first + len(texts)])
        places = pa.array(rows[start:end] - first)
        first += len(texts)
        if end == start:
            continue
        texts, batch = texts.take(places), batch.take(places)
        scores = _scores(pa.concat_arrays([text, texts]), params)
        for i, (row, score) in enumerate(zip(batch.select(["record_id", "source"]).to_pylist(), scores, strict=True)):
            if row["record_id"] == record:
                continue
            alike = Alike(
                record_id=row["record_id"],
                dataset=data.name,
                similarity=float(score),
                bands=int(shared[start + i]),
                source=(row["source"] or {}).get("path"),
            )
            found.append((alike, texts[i].as_py() or ""))
    return found


def _scores(texts: pa.LargeStringArray, params: NearParams) -> NDArray[np.float64]:
    """Exact Jaccard similarity of the first text with each of the others."""
    offsets, data = utf8_views(texts)
    rows = np.arange(len(texts))
    kept = rows_as_words(offsets, data, rows, fold_table(), SHINGLES[params.shingles], params.size)
    sets, starts = sorted_sets(*all_shingles(*kept, params.size))
    return np.asarray(pair_jaccards(sets, starts, np.zeros(len(texts) - 1, np.int64), rows[1:]))


def changes(here: str, there: str) -> tuple[list[str], list[str]]:
    """Runs of words that only the first text has, and those that only the second has, shortened."""
    a, b = here.split()[:_DIFFED], there.split()[:_DIFFED]
    only_here, only_there = [], []
    for tag, i, j, k, m in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag != "equal":
            only_here += [_short(a[i:j])] if j > i else []
            only_there += [_short(b[k:m])] if m > k else []
    return only_here, only_there


def _short(words: list[str]) -> str:
    shown = " ".join(words[:_SHOWN_WORDS])
    return shown if len(words) <= _SHOWN_WORDS else f"{shown} … ({len(words)} words)"
