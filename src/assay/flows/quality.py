"""Quality models: learnt from a user's good and bad examples, kept in the workspace, named in the ledger."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from assay.core.collector import collector_paused
from assay.core.errors import UnknownName, UserError
from assay.core.results import Result
from assay.flows.subjects import split_ref
from assay.formats.base import Bad, read
from assay.formats.sniff import NotRecords, shape_of
from assay.formats.sources import expand
from assay.records import Decoder, RecordError
from assay.records.kind import KINDS
from assay.records.schema import TEXT
from assay.store import Workspace
from assay.text.features import Features, features
from assay.text.linear_model import Scorer
from assay.text.measures import auc_with_interval
from assay.text.normal import folded_hash

VERB = "quality train"
FEWEST = 20  # distinct texts on each side
HELD_OUT = 5  # one in so many, by the hash of the text
MOST_BUCKETS = 1 << 14  # of one example: some 15 kB of text
TOP = 0.1  # FineWeb-Edu and DCLM keep about the best tenth


class QualityModel(Result, frozen=True, kw_only=True):
    """A trained model, and what a part of the examples that it has not seen says of it.

    model: SHA-256 of the file. path: where it lies (compressed). rows_both: texts that were on both sides, left out.
    auc_interval: 95 %. threshold_top_tenth: the score that a tenth of the held-out texts reach.
    cached: the same examples and seed gave this very model before.
    """

    name: str
    version: int
    model: str
    path: str
    rows_good: int
    rows_bad: int
    rows_both: int
    rows_heldout: int
    heldout_auc: float
    auc_interval: tuple[float, float]
    threshold_top_tenth: float
    seed: int
    cached: bool = False

    def lines(self) -> list[str]:
        low, high = self.auc_interval
        return [
            f"{self.name} v{self.version}  {'unchanged' if self.cached else 'trained'}  model {self.model[:12]}",
            f"  {self.rows_good:,} good, {self.rows_bad:,} bad; {self.rows_both:,} on both sides left out",
            f"  held out {self.rows_heldout:,}: AUC {self.heldout_auc:.4f} ({low:.4f} to {high:.4f}); "
            f"a tenth scores {self.threshold_top_tenth:.4f} or more",
            f"next: assay measure DATASET --only quality_score --param model={self.name}",
        ]


class QualityList(Result, frozen=True, kw_only=True):
    models: list[QualityModel]

    def lines(self) -> list[str]:
        return [line for model in self.models for line in model.lines()[:3]] or ["no quality model yet"]


def train(ws: Workspace, name: str, good: Sequence[str], bad: Sequence[str], *, seed: int = 0) -> QualityModel:
    """Learn to tell `good` from `bad`: files, folders, globs, or datasets of this workspace (NAME or NAME@REF).

    Equal texts (but for case and punctuation) count once; those on both sides are left out. A fifth, chosen by the
    hash of the text, is held out: the model has not seen it, nor a copy of it. The examples' order plays no part.
    Everything is in the ledger. E108: fewer than 20 distinct texts on a side. E311: nothing at a path.
    """
    digests, found, is_good, both = _examples(ws, good, bad)
    held = digests[:, 1] % np.uint64(HELD_OUT) == 0
    rows_good, rows_bad = int(is_good.sum()), int((~is_good).sum())
    sides = [(is_good & ~held).sum(), (~is_good & ~held).sum(), (is_good & held).sum(), (~is_good & held).sum()]
    if min(rows_good, rows_bad) < FEWEST or not all(sides):
        what = f"{rows_good} good and {rows_bad} bad texts are too few: {FEWEST} of each are needed"
        raise UserError("E108", what, at=name, fix="give more examples; a few hundred of each are a good start")
    scorer = Scorer.train(_rows(found, np.flatnonzero(~held)), is_good[~held], seed=seed)
    scores = scorer.score_features(_rows(found, np.flatnonzero(held)))
    auc, low, high = auc_with_interval(scores[is_good[held]], scores[~is_good[held]])
    data = scorer.to_bytes({"name": name, "seed": seed, "rows_good": rows_good, "rows_bad": rows_bad})
    sha256 = ws.blobs.put(data)
    before = [model for model in models(ws).models if model.name == name]
    same = [model.version for model in before if model.model == sha256]
    result = QualityModel(
        name=name,
        version=same[-1] if same else len(before) + 1,
        model=sha256,
        path=str(ws.blobs.path(sha256)),
        rows_good=rows_good,
        rows_bad=rows_bad,
        rows_both=both,
        rows_heldout=int(held.sum()),
        heldout_auc=auc,
        auc_interval=(low, high),
        threshold_top_tenth=float(np.sort(scores)[::-1][max(0, int(len(scores) * TOP) - 1)]),
        seed=seed,
        cached=bool(same),
    )
    if same:
        return result
    run = ws.ledger.run_start(VERB, {"name": name, "good": list(good), "bad": list(bad), "seed": seed})
    ws.ledger.run_end(run, "done", result.as_json())
    return result


def models(ws: Workspace) -> QualityList:
    """Every model trained in this workspace, in the order of training."""
    runs = [run.result for run in ws.ledger.runs() if run.verb == VERB and run.status == "done" and run.result]
    found = [msgspec.convert(result, QualityModel) for result in runs]
    # The folder may have been moved since: the blob is known by its hash.
    return QualityList(models=[msgspec.structs.replace(one, path=str(ws.blobs.path(one.model))) for one in found])


def model_file(ws: Workspace, wanted: str) -> str:
    """The file that `model=...` means: a path, or NAME or NAME@VERSION of a model of this workspace. E101: neither."""
    if os.path.isfile(wanted):
        return wanted
    name, _, version = wanted.partition("@")
    known = models(ws).models
    named = [one for one in known if one.name == name and version in ("", str(one.version), f"v{one.version}")]
    if not named:
        raise UnknownName("quality model", wanted, {one.name for one in known})
    return named[-1].path


def with_model(ws: Workspace, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Parameters of signals in which the name of a quality model is its file."""
    wanted = params.get("model")
    return {**params, "model": model_file(ws, str(wanted))} if wanted is not None else params


def _rows(found: Features, rows: NDArray[np.int64]) -> Features:
    counts = np.diff(found.starts)[rows]
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    at = np.repeat(found.starts[rows] - starts[:-1], counts) + np.arange(int(starts[-1]))
    return Features(starts, found.buckets[at])


def _examples(
    ws: Workspace, good: Sequence[str], bad: Sequence[str]
) -> tuple[NDArray[np.uint64], Features, NDArray[np.bool_], int]:
    """Digest, features and side of each distinct text, sorted by digest, and how many were on both sides."""
    parts: list[tuple[NDArray[np.uint64], Features, NDArray[np.bool_], NDArray[np.uint64]]] = []
    for side, sources in ((True, good), (False, bad)):
        for text in _texts(ws, sources):
            digest = folded_hash(text)
            text, digest = text.filter(digest.is_valid()), digest.drop_null()
            pairs = np.frombuffer(b"".join(digest.to_pylist()), np.uint64).reshape(-1, 2)
            exact = np.array([xxhash.xxh3_64_intdigest(one.encode()) for one in text.to_pylist()], np.uint64)
            parts.append((pairs, features(text, MOST_BUCKETS), np.full(len(pairs), side), exact))
    if not parts:
        return np.zeros((0, 2), np.uint64), Features(np.zeros(1, np.int64), np.zeros(0, np.int32)), np.zeros(0, bool), 0
    digests, sides = np.concatenate([part[0] for part in parts]), np.concatenate([part[2] for part in parts])
    counts = np.concatenate([np.diff(part[1].starts) for part in parts])
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    found = Features(starts, np.concatenate([part[1].buckets for part in parts]))
    # Of equal texts in several spellings always the same one is kept, whatever the order of the files.
    order = np.lexsort((np.concatenate([part[3] for part in parts]), digests[:, 1], digests[:, 0]))
    digests, sides = digests[order], sides[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = (digests[1:] != digests[:-1]).any(axis=1)
    group = np.cumsum(first) - 1
    groups = int(group[-1]) + 1 if len(group) else 0
    n_good, n_all = np.bincount(group, sides, groups), np.bincount(group, minlength=groups)
    mixed = (n_good > 0) & (n_good < n_all)
    kept = np.flatnonzero(first & ~mixed[group])
    return digests[kept], _rows(found, order[kept]), sides[kept], int(mixed.sum())


def _texts(ws: Workspace, sources: Sequence[str]) -> Iterator[pa.LargeStringArray]:
    """The text views of what `sources` name, some thousand at a time. What is no record is passed over."""
    for source in sources:
        base, ref = split_ref(source)
        known = ws.names()
        if base in known or any(full.rpartition(".")[0] == base for full in known):
            for full in ws.names(base):
                for batch in ws.dataset(full).scan(ref, columns=["text"]):
                    yield batch.column("text").cast(TEXT)
            continue
        yield from _file_texts(source)


def _file_texts(source: str) -> Iterator[pa.LargeStringArray]:
    for file in expand([source]).sources:
        stream = file.stream()
        try:
            shape = shape_of(stream, file.path)
        except NotRecords as error:
            stream.close()
            if file.named:
                raise UserError("E318", f"{file.uri} holds no records: {error}", fix="name files of records") from error
            continue
        decoder, held = Decoder(), []
        with collector_paused():
            for item in read(stream, shape):
                text = None if isinstance(item, Bad) else _text(decoder, item.obj)
                if text is not None:
                    held.append(text)
                if len(held) == 4096:
                    yield pa.array(held, TEXT)
                    held = []
        stream.close()
        yield pa.array(held, TEXT)


def _text(decoder: Decoder, obj: Any) -> str | None:
    try:
        decoded = decoder.decode(obj)
    except RecordError:
        return None
    column = KINDS.get(decoded.kind).text_column
    text = decoded.payload.get(column) if column else decoded.text
    return text if isinstance(text, str) else None
