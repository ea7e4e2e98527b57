"""Embedders by name, and the vectors of a dataset's texts: each text is embedded once and kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.core.arrow import one_array, utf8_views
from assay.core.errors import UnknownName, UserError
from assay.core.ids import fingerprint
from assay.embed import Embedder, LexicalModel
from assay.embed.lexical import FEATURES, LexicalParams, fit
from assay.embed.sentence import SentenceModel
from assay.engine import Progress, run
from assay.flows.dedupe.fragments import Fragment, index_folder
from assay.flows.dedupe.rows import joined
from assay.flows.rows_digest import rows_digest
from assay.kernels import subspace
from assay.kernels.caching import source_stamp
from assay.kernels.xxh64 import xxh64_spans
from assay.providers import EndpointError, Price
from assay.providers.embeddings import EmbeddingsEndpoint
from assay.store import Workspace
from assay.store.vectors import VectorTable

Digests = NDArray[np.uint64]
Ints = NDArray[np.int64]
Vectors = NDArray[np.float32]

FORMS = ("lexical", "lexical:SHA256", "openai:URL#MODEL", "sentence-transformers:NAME")
KEY_ENV = "OPENAI_API_KEY"  # holds an endpoint's key where the caller gives none
_MODELS = "lexical-model"  # of the ledger's cache
_SAMPLE_BYTES, _SAMPLE_CHARACTERS = 256 << 20, 65_536  # of all texts a model is fitted on, and of one
_KEPT_AT_ONCE = 1024  # vectors of a model that costs money or time; more are lost when the machine stops
_NO_PRICE = Price()


@dataclass(frozen=True, slots=True)
class TextRows:
    """Compared texts of a version: digests of the distinct ones, rising, and where they stand.

    digests: uint64[t, 2]. first: int64[t], the first row of each. text: int64[rows], a place in `digests`; -1 for a
    row without text. lengths: int64[rows], bytes.
    """

    digests: Digests
    first: Ints
    text: Ints
    lengths: Ints


def read_texts(fragments: Sequence[Fragment], workers: int | None = None) -> TextRows:
    """Read every compared text once, for its digest (XXH64 under two seeds)."""

    def one(fragment: Fragment) -> tuple[Digests, Ints]:
        views = [utf8_views(text) for text, _ in fragment.texts()]
        digests = [xxh64_spans(data, offsets) for offsets, data in views]
        lengths = joined([np.diff(offsets) for offsets, _ in views], np.int64)
        return np.concatenate([np.zeros((0, 2), np.uint64), *digests]), lengths

    found = list(run(one, fragments, workers=workers, mode="threads"))
    digests = np.concatenate([np.zeros((0, 2), np.uint64), *(one for one, _ in found)])
    lengths = joined([one for _, one in found], np.int64)
    some = np.flatnonzero(lengths)
    a, b = digests[some, 0], digests[some, 1]
    order = np.lexsort((some, b, a))
    a, b = a[order], b[order]
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1])
    text = np.full(len(lengths), -1, np.int64)
    text[some[order]] = np.cumsum(fresh) - 1
    return TextRows(np.stack([a[fresh], b[fresh]], axis=1), some[order][fresh], text, lengths)


def open_embedder(
    ws: Workspace, spec: str, fragments: Sequence[Fragment], texts: TextRows, *, key: str | None = None,
    price: Price = _NO_PRICE, budget: float | None = None,
) -> Embedder:  # fmt: skip
    """The embedder of a name in FORMS. `lexical` is fitted on these very rows, unless it was before.

    E101 for a name of another form, E104 for one without its parts, E107 for a model that cannot be read.
    """
    form, _, rest = spec.partition(":")
    match form:
        case "lexical" if not rest:
            return _fitted(ws, fragments, texts, LexicalParams())
        case "lexical":
            return LexicalModel.from_bytes(ws.blobs.get(rest), spec)
        case "sentence-transformers" if rest:
            return SentenceModel(rest)
        case "openai" if rest:
            url, _, model = rest.rpartition("#")
            if not url or not model:
                raise UserError("E104", f"the embedder {spec!r} names no model", at="--embedder", fix=FORMS[2])
            key = os.environ.get(KEY_ENV) if key is None else key
            return EmbeddingsEndpoint(url, model, key, price=price, budget=budget)
    raise UnknownName("embedder", spec, FORMS, at="--embedder")


def _fitted(ws: Workspace, fragments: Sequence[Fragment], texts: TextRows, params: LexicalParams) -> LexicalModel:
    """A model of these texts; the same texts have the same model, in whatever order and fragments they lie."""
    if not fragments:
        return fit([], params)
    data, fields = fragments[0].data, list(fragments[0].fields)
    code = source_stamp(Path(subspace.__file__)) + source_stamp(Path(subspace.__file__).with_name("lexical.py"))
    key = fingerprint(rows_digest(ws, data), fields, params.settings, FEATURES, code)
    known = ws.ledger.cache_get(_MODELS, key)
    if isinstance(known, str) and known in ws.blobs:
        return LexicalModel.from_bytes(ws.blobs.get(known))
    # A sample that the rows' order cannot change: the texts of the smallest digests, as many as there is room for.
    sizes = np.cumsum(np.minimum(texts.lengths[texts.first], _SAMPLE_CHARACTERS))
    n = max(1, min(params.most_texts, int(np.searchsorted(sizes, _SAMPLE_BYTES))))
    chosen = texts.first[:n]
    places = np.argsort(chosen)
    parts = [part for _, part in texts_at(fragments, chosen[places], 4096, _SAMPLE_CHARACTERS)]
    sample = pa.concat_arrays([pa.array([], pa.large_string()), *parts])
    model = fit(sample.take(pa.array(np.argsort(places))), params)
    ws.ledger.cache_put(_MODELS, key, ws.blobs.put(model.to_bytes()))
    return model


def texts_at(
    fragments: Sequence[Fragment], rows: Ints, most: int, characters: int | None = None
) -> Iterator[tuple[Ints, pa.LargeStringArray]]:
    """Places in `rows` (sorted row numbers) and their texts, at most so many at a time."""
    for fragment in fragments:
        at, last = np.searchsorted(rows, [fragment.first_row, fragment.first_row + fragment.rows])
        first = fragment.first_row
        if at == last:
            continue
        for text, _ in fragment.texts():
            end = int(np.searchsorted(rows, first + len(text)))
            for start in range(int(at), end, most):
                stop = min(start + most, end)
                part = one_array(text.take(pa.array(rows[start:stop] - first)))
                yield (
                    np.arange(start, stop),
                    part if characters is None else pc.utf8_slice_codeunits(part, 0, characters),
                )
            at, first = end, first + len(text)


def stem_of(fragments: Sequence[Fragment], embedder: Embedder) -> str:
    """What files of the index that depend on the embedder are named by."""
    fields = f"lexical-{fingerprint(list(fragments[0].fields))[:8]}-" if embedder.lexical else ""
    return fields + fingerprint(embedder.name)[:16]


def vectors_of(
    ws: Workspace, fragments: Sequence[Fragment], texts: TextRows, embedder: Embedder, *, calls: int | None = None,
    progress: Progress | None = None,
) -> tuple[Vectors, int]:  # fmt: skip
    """float32[t, dim] of the distinct texts (zeros: none), and how many of them were there already.

    Only texts without a vector are embedded; they are kept as they come, so that a run that was stopped goes on where
    it was. Other datasets of the workspace lend theirs. calls: threads. Raises UserError E110 for an endpoint that does
    not answer, or a spent budget.
    """
    folder, stem = index_folder(ws, fragments[0].dataset), stem_of(fragments, embedder)
    table = VectorTable(folder / f"vectors-{stem}.lance")
    place, found = _known(table, texts.digests)
    for other in sorted(ws.path.glob(f"index/*/vectors-{stem}.lance")) if not embedder.lexical else ():
        if other != table.path and (place < 0).any():
            where, lent = _known(VectorTable(other), texts.digests[place < 0])
            if (where >= 0).any():
                table.append(texts.digests[place < 0][where >= 0], lent[where[where >= 0]])
                place, found = _known(table, texts.digests)
    cached = int((place >= 0).sum())
    missing = np.flatnonzero(place < 0)
    if len(missing):
        _embed(table, fragments, texts, missing, embedder, cached > 0, calls, progress)
        place, found = _known(table, texts.digests)
    if embedder.lexical:  # every change of the rows makes another model: those before are not asked for again
        for old in folder.glob(f"vectors-{stem.rpartition('-')[0]}-*.lance"):
            if old != table.path:
                shutil.rmtree(old)
    out = np.zeros((len(texts.digests), found.shape[1] if len(found) else embedder.dim or 0), np.float32)
    if len(found):
        out[place >= 0] = found[place[place >= 0]]
    return out, cached


def _known(table: VectorTable, digests: Digests) -> tuple[Ints, Vectors]:
    """Where each of the digests (distinct, rising) is in the table, -1 for nowhere; and the table's vectors."""
    there, vectors = table.read()
    keys = np.concatenate([there, digests])
    mine = np.repeat([0, 1], [len(there), len(digests)])
    order = np.lexsort((mine, keys[:, 1], keys[:, 0]))
    keys = keys[order]
    same = np.zeros(len(keys), np.bool_)
    same[1:] = (keys[1:] == keys[:-1]).all(axis=1) & (mine[order[1:]] > mine[order[:-1]])
    at = np.flatnonzero(same)
    place = np.full(len(digests), -1, np.int64)
    place[order[at] - len(there)] = order[at - 1]
    return place, vectors


def _embed(
    table: VectorTable, fragments: Sequence[Fragment], texts: TextRows, missing: Ints, embedder: Embedder,
    some_known: bool, calls: int | None, progress: Progress | None,
) -> None:  # fmt: skip
    """some_known: the embedder has given a vector before; where all of a few texts are refused, it is their fault."""
    if progress is not None:
        progress.start(f"embed {fragments[0].dataset} by {embedder.name}", None)
    missing = missing[np.argsort(texts.first[missing])]
    failed: list[EndpointError] = []

    def chunks() -> Iterator[tuple[Ints, pa.LargeStringArray]]:
        for places, part in texts_at(fragments, texts.first[missing], embedder.batch_rows):
            if failed:
                return
            yield places, part

    def one(chunk: tuple[Ints, pa.LargeStringArray]) -> tuple[Ints, Vectors | EndpointError, int]:
        places, part = chunk
        try:
            return places, embedder.embed(part), part.nbytes
        except EndpointError as error:  # answers that are on their way are paid for: they are waited for and kept
            if not error.refused:
                failed.append(error)
            return places, error, 0

    held: list[tuple[Digests, Vectors]] = []
    most = 32 * embedder.batch_rows if embedder.lexical else _KEPT_AT_ONCE
    for places, vectors, size in run(one, chunks(), workers=calls, mode="threads"):
        if isinstance(vectors, EndpointError):
            if vectors.refused and not some_known:
                failed.append(vectors)
            continue
        if not vectors.shape[1]:
            continue
        some_known = True
        digests = texts.digests[missing[places]]
        some = np.ones(len(places), np.bool_) if embedder.lexical else vectors.any(axis=1)  # refused: asked again
        held.append((digests[some], vectors[some]))
        if sum(len(one) for one, _ in held) >= most:
            _keep(table, held)
        if progress is not None:
            progress.add(rows=len(places), bytes=size)
    _keep(table, held)
    if failed:
        fix = "check its URL, key and model; what was answered is kept, the same command goes on"
        raise UserError("E110", f"{embedder.name}: {failed[0].what}", at="--embedder", fix=fix) from failed[0]


def _keep(table: VectorTable, held: list[tuple[Digests, Vectors]]) -> None:
    if held:
        table.append(np.concatenate([one for one, _ in held]), np.concatenate([one for _, one in held]))
        held.clear()
