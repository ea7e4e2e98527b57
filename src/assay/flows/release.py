"""Release: the kept records of datasets, frozen into a folder that proves itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from assay.core.errors import UserError
from assay.core.results import Result
from assay.flows.report import subject_of
from assay.flows.subjects import Chosen, choose, split_ref
from assay.records.schema import schema_of
from assay.release import (
    DEFAULT_FORMATS,
    DEFAULT_SHARDING,
    GateFact,
    Part,
    RuleFact,
    RulesetFact,
    Sharding,
    SignalFact,
    freeze,
)
from assay.report.rows import read_rows
from assay.report.scores import score_rows
from assay.store import Workspace


class ReleasedFile(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    rows: int
    bytes: int
    sha256: str


class ReleaseResult(Result, frozen=True, kw_only=True):
    """`written`: false where the folder held this release already. `left_out`: not in the chat form, by reason."""

    name: str
    path: str
    records: int
    dropped: int
    review: int
    files: list[ReleasedFile]
    left_out: dict[str, int]
    manifest_sha256: str
    written: bool

    def lines(self) -> list[str]:
        state = "" if self.written else "  (already there, unchanged)"
        out = [f"{self.name}: {self.records:,} records in {self.path}{state}"]
        out += [f"  {file.rows:>9,} rows  {file.bytes:>13,} bytes  {file.path}" for file in self.files]
        out.append(f"  left out: {self.dropped:,} dropped, {self.review:,} for review")
        out += [f"  not in the chat form: {rows:,} records: {reason}" for reason, rows in self.left_out.items()]
        return [*out, f"manifest sha256 {self.manifest_sha256}", f"check it: assay verify {self.path}"]


def release(
    ws: Workspace,
    name: str,
    datasets: Sequence[str],
    out: str | Path,
    *,
    rules: str | Mapping[str, str] | None = None,
    formats: Sequence[str] = DEFAULT_FORMATS,
    keep_all: bool = False,
    gates: Sequence[Any] = (),
    message: str | None = None,
    sharding: Sharding = DEFAULT_SHARDING,
) -> ReleaseResult:
    """Freeze the kept records of DATASET or DATASET@REF into folder `out`.

    rules: which decisions (see `choose`); those made last over the version by default. keep_all: every record,
    decided or not. gates: outcomes of a recipe's gates, for manifest and card (name, status, value, threshold).

    Errors: E101 unknown dataset or format; E501 nothing kept; E502 no decision; E503 `out` holds something else;
    E505 no chat form; E506 a bad name; E507, E508 the rules are not known, or did not decide this version.
    """
    chosen = [one for text in datasets for one in choose(ws, text, rules=None if keep_all else rules)]
    if not chosen:
        raise UserError("E506", "a release needs at least one dataset", fix="--from DATASET")
    undecided = [one for one in chosen if one.decisions is None and one.data.count(one.number)]
    if undecided and not keep_all:
        one = undecided[0]
        raise UserError(
            "E502",
            f"{one.name}@{one.number} has no decisions: what is kept is not known",
            fix=f"assay decide {split_ref(datasets[0])[0]} --rules default (or --all to release every record)",
        )
    run_id = ws.ledger.run_start("release", {"name": name, "from": list(datasets), "formats": list(formats)})
    try:
        frozen = freeze(
            name,
            [_part(one, keep_all) for one in chosen],
            Path(out),
            formats=formats or DEFAULT_FORMATS,
            gates=[_gate(gate) for gate in gates],
            run={
                "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "run": run_id,
                "message": message or "",
                "from": {one.name: {"version": one.number} for one in chosen},
            },
            sharding=sharding,
        )
    except BaseException as error:
        ws.ledger.run_end(run_id, "failed", {"error": str(error)})
        raise
    manifest = frozen.manifest
    body = {
        "path": str(Path(out).absolute()),
        "run": run_id,
        "manifest_sha256": frozen.manifest_sha256,
        "records": manifest.records,
        "from": {one.name: one.number for one in chosen},
    }
    known = ws.ledger.releases(name)
    # A run killed after the rename has left the folder unrecorded; the next one finds it there and notes it.
    if frozen.written or not known or known[-1]["manifest_sha256"] != frozen.manifest_sha256:
        ws.ledger.release_save(name, body)
    ws.ledger.run_end(run_id, "done", {"manifest_sha256": frozen.manifest_sha256, "written": frozen.written})
    left_out: dict[str, int] = {}
    for fact in manifest.datasets:
        for reason, rows in (fact.messages or {}).get("skipped", {}).items():
            left_out[f"{fact.dataset}: {reason}"] = rows
    return ReleaseResult(
        name=name,
        path=str(out),
        records=manifest.records,
        dropped=sum(fact.dropped for fact in manifest.datasets),
        review=sum(fact.review for fact in manifest.datasets),
        files=[
            ReleasedFile(path=file.path, rows=file.rows, bytes=file.bytes, sha256=file.sha256)
            for file in manifest.files
            if file.format != "card"
        ],
        left_out=left_out,
        manifest_sha256=frozen.manifest_sha256,
        written=frozen.written,
    )


def _part(one: Chosen, keep_all: bool) -> Part:
    judged = None if keep_all else one.ruleset
    return Part(
        dataset=one.name,
        kind=one.kind,
        schema=schema_of(one.kind),
        scan=one.scan,
        digest=one.data.digest(one.number),
        decisions=None if keep_all else one.decisions,
        ruleset=None
        if judged is None
        else RulesetFact(
            name=judged.name,
            hash=judged.hash,
            rules=[
                RuleFact(
                    name=rule.name,
                    dimension=rule.dimension,
                    action=rule.action,
                    when=rule.when,
                    on_null=rule.on_null,
                    kinds=list(rule.kinds),
                )
                for rule in judged.rules
            ],
        ),
        signals=_signals(one),
        scorecard={} if judged is None else _scorecard(one),
    )


def _signals(one: Chosen) -> list[SignalFact]:
    versions = one.signal_versions()
    return [
        SignalFact(
            dataset=one.name, name=name, fingerprint=column.fingerprint, unit=column.unit, version=versions[name]
        )
        for name, column in one.data.signals(one.number).items()
    ]


def _scorecard(one: Chosen) -> dict[str, dict[str, Any]]:
    """The same counts as in the report, over every record of the version."""
    total = score_rows([read_rows(subject_of(one))], [])[0]
    return {
        dimension: {"passed": cell.passed, "failed": cell.failed, "unknown": cell.unknown, "share": cell.share}
        for dimension, cell in total.scores.items()
    }


def _gate(outcome: Any) -> GateFact:
    return GateFact(name=outcome.name, status=outcome.status, value=outcome.value, threshold=outcome.threshold)
