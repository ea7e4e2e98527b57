"""Contamination: which records hold benchmark items, written as signals. Dropping is a rule's decision."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from assay.core.errors import UserError
from assay.core.ids import fingerprint
from assay.dedup.contamination import Hits, Tally, by_how
from assay.engine import Engine, Progress, open_engine
from assay.flows.contamination_items import HELD_OUT, Benchmark, read_items
from assay.flows.contamination_results import ContaminatedItem, ContaminationOf, ContaminationResult
from assay.flows.contamination_scan import find_task, pieces_of
from assay.flows.rows_digest import rows_digest
from assay.flows.subjects import split_ref
from assay.flows.verb_signals import up_to_date, write_signals
from assay.kernels.contamination_tables import HOW
from assay.store import Dataset, Workspace
from assay.text.benchmark import MIN_SHARE, Index
from assay.text.benchmark_build import build
from assay.text.fields import VIEW

SIGNALS = (
    "contaminated_by", "contamination_how", "contamination_share", "contamination_answer_share",
    "contamination_spans", "contamination_items",
)  # fmt: skip
VERB = "contamination"


def contamination(
    ws: Workspace,
    dataset: str,
    against: Sequence[str] = (),
    *,
    fields: Sequence[str] = VIEW,
    mapping: Mapping[str, str] | None = None,
    min_share: float = MIN_SHARE,
    across_splits: bool = False,
    index: str | Path | None = None,
    engine: str | Engine = "threads",
    address: str | None = None,
    workers: int | None = None,
    message: str | None = None,
    progress: Progress | None = None,
    run_id: str | None = None,
) -> ContaminationResult:
    """Look for benchmark items in every dataset that the name covers.

    against: files, folders, globs, or datasets of this workspace (NAME, NAME@REF). mapping: names in the files, as of
    `ingest`. across_splits: the items are also the records of the same name, of every kind, whose split is test,
    validation, dev or eval; checked are then those of the train split or of none. min_share: of an item's n-grams.
    index: a file to write the benchmark to, as hashes, for the transform cut_contamination.
    What was found with equal items and settings on the same rows is not sought again. Results do not depend on the
    engine, its workers, or how rows lie in fragments.
    E101: dataset, field; E104: nothing to compare with, a share out of range; E311, E318: a benchmark file.
    """
    started = time.perf_counter()
    names = ws.names(dataset)
    _check(ws, names, against, min_share, across_splits)
    run = run_id or ws.ledger.run_start(VERB, {"dataset": dataset, "against": list(against), "fields": list(fields)})
    opened = open_engine(engine, address=address, workers=workers) if isinstance(engine, str) else engine
    try:
        items = read_items(ws, against, mapping=mapping or {}, held_out_of=names if across_splits else ())
        if not items.items.at:
            fix = f"give records a split of {', '.join(HELD_OUT)}"
            raise UserError("E104", f"no record of {dataset} is of a held-out split", at="--across-splits", fix=fix)
        made = build(items.items)
        if index is not None:
            made.save(Path(index))
        asked = _Asked(made, tuple(fields), min_share, across_splits)
        parts = [_one(ws, ws.dataset(name), asked, opened, message, progress, run) for name in names]
    except BaseException as error:
        if run_id is None:
            ws.ledger.run_end(run, "failed", {"error": str(error)})
        raise
    finally:
        if opened is not engine:
            opened.close()
    result = _result(items, asked, parts, opened.name, time.perf_counter() - started)
    if run_id is None:
        ws.ledger.run_end(run, "done", result.as_json())
    return result


class _Asked:
    def __init__(self, index: Index, fields: tuple[str, ...], min_share: float, across_splits: bool) -> None:
        self.index, self.fields, self.min_share, self.across_splits = index, fields, min_share, across_splits
        self.settings: dict[str, Any] = {
            "items": index.digest(),
            "fields": list(fields),
            "min_share": min_share,
            "trained_only": across_splits,
        }


def _check(ws: Workspace, names: Sequence[str], against: Sequence[str], min_share: float, across_splits: bool) -> None:
    if not against and not across_splits:
        raise UserError("E104", "nothing to compare with", at="--against", fix="--against FILE, or --across-splits")
    if not 0.0 < min_share <= 1.0:
        raise UserError(
            "E104", f"min_share is {min_share}: a share of n-grams is above 0 and at most 1", at="min_share"
        )
    mine = {*names, *(name.rpartition(".")[0] for name in names)}
    for source in against:
        if source == "-":
            raise UserError("E104", "a benchmark cannot come from standard input", at="--against -", fix="name a file")
        if split_ref(source)[0] in mine:
            what = f"{source} is what is checked: every record would match itself"
            raise UserError("E104", what, at=f"--against {source}", fix="compare its splits: --across-splits")


def _one(
    ws: Workspace, data: Dataset, asked: _Asked, engine: Engine, message: str | None, progress: Progress | None,
    run_id: str,
) -> ContaminationOf:  # fmt: skip
    started = time.perf_counter()
    known = _found_before(ws, data, asked)
    if known is not None:
        return known
    with ws.lock(data.name, VERB):
        known = _found_before(ws, data, asked)  # the head may have moved before we had the lock
        if known is not None:
            return known
        pieces = pieces_of(ws, data, asked.fields, trained_only=asked.across_splits)
        if progress is not None:
            progress.start(f"contamination {data.name}", None)
        work = partial(find_task, index=asked.index, min_share=asked.min_share)
        hits: dict[int, Hits] = {}
        tally = Tally.of(len(asked.index))
        for piece, found in zip(pieces, engine.map(work, pieces), strict=True):
            hits[piece.id] = found
            tally.add(found)
            if progress is not None:
                progress.add(rows=found.rows, bytes=found.bytes)
        version = write_signals(
            ws, data, SIGNALS, asked.settings, lambda fragment: hits[fragment].columns(asked.index.at),
            verb=VERB, message=message or "benchmark items", run_id=run_id,
        )  # fmt: skip
        facts = ContaminationOf(
            dataset=data.name,
            version=version,
            checked=sum(int(one.compared.sum()) for one in hits.values()),
            records=sum(len(np.unique(one.matches[:, 0])) for one in hits.values()),
            hits=sum(len(one.matches) for one in hits.values()),
            by_how=dict(by_how(list(hits.values()))),
            by_item=_by_item(asked.index.at, tally),
            bytes=sum(one.bytes for one in hits.values()),
            seconds=round(time.perf_counter() - started, 3),
        )
        ws.ledger.cache_put(VERB, _key(ws, data, asked), msgspec.to_builtins(facts))
    return facts


def _found_before(ws: Workspace, data: Dataset, asked: _Asked) -> ContaminationOf | None:
    """What equal items and settings came to on the same rows, where the signals are still there."""
    if data.head == 0 or not up_to_date(ws, data, SIGNALS, asked.settings):
        return None
    saved = ws.ledger.cache_get(VERB, _key(ws, data, asked))
    if saved is None:
        return None
    return msgspec.structs.replace(msgspec.convert(saved, ContaminationOf), version=data.head, cached=True)


def _key(ws: Workspace, data: Dataset, asked: _Asked) -> str:
    return f"{data.name} {fingerprint(asked.settings, rows_digest(ws, data))}"


def _by_item(at: Sequence[str], tally: Tally) -> list[ContaminatedItem]:
    return [
        ContaminatedItem(
            place=at[item],
            records=int(tally.records[item]),
            how=HOW[tally.how[item]],
            share=_share(tally.shares[item, 0]),
            answer_share=_share(tally.shares[item, 1]),
        )
        for item in tally.most_first().tolist()
    ]


def _share(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)


def _result(
    found: Benchmark, asked: _Asked, parts: list[ContaminationOf], engine: str, seconds: float
) -> ContaminationResult:
    index = asked.index
    return ContaminationResult(
        items=len(index),
        hits=sum(part.hits for part in parts),
        records=sum(part.records for part in parts),
        by_item=_joined([part.by_item for part in parts]),
        unread=found.unread,
        passed=found.passed,
        wordless=index.wordless,
        whole_only=len(index) - index.wordless - index.covered,
        min_share=asked.min_share,
        benchmark=asked.settings["items"],
        engine=engine,
        bytes=sum(part.bytes for part in parts),
        seconds=round(seconds, 3),
        datasets=parts,
    )


def _joined(parts: Sequence[Sequence[ContaminatedItem]]) -> list[ContaminatedItem]:
    """The items of several datasets, each once, most records first."""
    if len(parts) == 1:
        return list(parts[0])
    rows: dict[str, list[ContaminatedItem]] = {}
    for part in parts:
        for item in part:
            rows.setdefault(item.place, []).append(item)
    found = [
        ContaminatedItem(
            place=place,
            records=sum(one.records for one in same),
            how=max((one.how for one in same), key=HOW.index),
            share=max((one.share for one in same if one.share is not None), default=None),
            answer_share=max((one.answer_share for one in same if one.answer_share is not None), default=None),
        )
        for place, same in rows.items()
    ]
    return sorted(found, key=lambda one: (-one.records, -HOW.index(one.how), one.place))
