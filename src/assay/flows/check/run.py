"""The verb itself: files in, one `CheckResult` out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from assay.core.errors import UserError
from assay.core.ids import xxh3_hex
from assay.engine import Progress
from assay.flows.check import baseline as known
from assay.flows.check import junit as xml
from assay.flows.check.analyse import UNREADABLE, Analysis, analyse
from assay.flows.check.collect import Settings, eval_index
from assay.flows.check.files import Reading, look
from assay.flows.check.findings import File, Unreadable
from assay.flows.check.gaps import gaps
from assay.flows.check.problems import Call, checks_for, problems, severity_of
from assay.flows.check.profile import DEFAULT, check_rules, profile, ruleset
from assay.flows.check.prove import prove as run_proof
from assay.flows.check.results import Baseline, CheckResult, FileRead, Tokens
from assay.flows.check.tokens import counter, find_tokenizer
from assay.flows.check.views import WORDLESS


def check(
    files: Sequence[str | Path],
    *,
    eval: Sequence[str | Path] = (),
    tokenizer: str | Path | None = None,
    max_length: int | None = None,
    prove: bool = False,
    baseline: str | Path | None = None,
    update_baseline: bool = False,
    junit: str | Path | None = None,
    kind: str = "auto",
    mapping: Mapping[str, str] | None = None,
    format: str | None = None,
    rules: Sequence[str | Path] = (),
    workers: int | None = None,
    progress: Progress | None = None,
) -> CheckResult:
    """What is in `files` and what is wrong with it: all of it, never a sample; no workspace, no network.

    Writes nothing but the `baseline` (when the file is absent, or with `update_baseline`) and the `junit` file.
    rules: sets of rules beside the default ones, by preset or file, with the dear signals they read.
    The result does not depend on `workers`. Raises UserError for files, formats, kinds or a tokenizer that are
    not there; what is wrong inside a file is a problem of the result.
    """
    paths = [str(file) for file in files]
    against = tuple(str(file) for file in eval)
    settings = Settings(
        kind=kind,
        mapping=tuple(sorted((mapping or {}).items())),
        tokenizer=None if tokenizer is None else str(find_tokenizer(tokenizer)),
        eval_files=against,
        format=format,
        rules=(*DEFAULT, *(str(one) for one in rules)),
        samples=prove,
    )
    if "-" in against:
        raise UserError(
            "E384",
            "an evaluation set cannot come from standard input",
            at="--eval -",
            fix="write it to a file first: every worker reads it for itself",
        )
    # Files may have changed since the last call in this process.
    if rules:
        ruleset.cache_clear()
        profile.cache_clear()
        check_rules(settings.rules)
    counter.cache_clear()
    eval_index.cache_clear()
    counter(settings.tokenizer)  # a broken file is told before any data is read
    compared = eval_index(settings)
    reading = look(paths, settings, workers=workers, progress=progress)
    analysis = analyse(reading.files, reading.collected, settings, max_length)
    _refuse(reading, analysis)
    call = Call(paths, against, max_length, kind, mapping or {}, format, settings.rules[1:])
    compare = _Compared(analysis, None if baseline is None else Path(baseline), update_baseline)
    result = CheckResult(
        kinds=dict(sorted(analysis.kinds.items())),
        records=analysis.records,
        unreadable=analysis.unreadable,
        problems=problems(analysis, call, compare.new),
        not_measured=gaps(
            analysis,
            call,
            tokenizer=tokenizer is not None,
            passed=reading.passed,
            eval_unread=compared.unread if compared else 0,
        ),
        tokens=_tokens(analysis, settings, max_length),
        proof=run_proof(analysis.samples, settings, max_length) if prove else [],
        baseline=compare.summary,
        files=_files(reading, analysis),
        eval_files=sorted({at.rpartition(":")[0] for at in compared.index.at}) if compared else [],
        eval_records=None if compared is None else len(compared.index),
        checks=checks_for(
            sorted(analysis.kinds), settings.rules, eval=bool(against), max_length=max_length is not None
        ),
        bytes=sum(analysis.sizes.values()),
        next=_next(analysis, call, proven=prove),
    )
    if junit is not None:
        xml.write(Path(junit), result)
    return result


def _refuse(reading: Reading, analysis: Analysis) -> None:
    """Files that the user named and no reader knows: a problem, not something passed over in silence."""
    for path, why in reading.refused:
        source = len(reading.files)
        reading.files.append(File(path, "unknown", lines=False))
        analysis.refused += 1
        bad = analysis.findings.unreadable.setdefault(UNREADABLE + "file", [])
        bad.append(Unreadable(source, 0, f"{why}: no reader for it", xxh3_hex(path.encode())))


class _Compared:
    """Findings against the baseline: warnings and errors are kept in it, notes are not worth a line each."""

    def __init__(self, analysis: Analysis, path: Path | None, update: bool) -> None:
        self.new: Mapping[str, Mapping[str, int]] | None = None
        self.summary: Baseline | None = None
        if path is None or not analysis.records:
            return
        findings = analysis.findings
        rules = sorted({*findings.hits, *findings.unreadable})
        now = findings.keys([rule for rule in rules if severity_of(rule, analysis.rules) != "note"])
        written = update or not path.exists()
        if written:
            known.write(path, now)
        self.new, gone = known.compare(now, now if written else known.read(path))
        held = known.count(now) - known.count(self.new)
        self.summary = Baseline(path=str(path), written=written, known=held, new=known.count(self.new), gone=gone)


def _tokens(analysis: Analysis, settings: Settings, max_length: int | None) -> Tokens | None:
    kinds = [kind for kind in analysis.tokens if kind not in WORDLESS]
    if not kinds:
        return None
    totals = np.concatenate([analysis.tokens[kind].total for kind in kinds])
    kind, row = _longest(analysis, kinds)
    hits = analysis.findings.count
    how = counter(settings.tokenizer)
    return Tokens(
        exact=how.exact,
        method=how.method,
        total=int(totals.sum()),
        trained=sum(int(analysis.tokens[kind].trained.sum()) for kind in kinds),
        by_kind={kind: int(analysis.tokens[kind].total.sum()) for kind in kinds},
        median=int(np.percentile(totals, 50, method="nearest")),
        p99=int(np.percentile(totals, 99, method="nearest")),
        longest=int(totals.max()),
        longest_at=analysis.findings.at(kind, row),
        max_length=max_length,
        truncated=None if max_length is None else sum(hits("truncated_at_max_length").values()),
        zero=None if max_length is None else sum(hits("trains_on_zero_tokens").values()),
    )


def _longest(analysis: Analysis, kinds: Sequence[str]) -> tuple[str, int]:
    best = [(kind, int(np.argmax(analysis.tokens[kind].total))) for kind in kinds]
    return max(best, key=lambda pair: int(analysis.tokens[pair[0]].total[pair[1]]))


def _next(analysis: Analysis, call: Call, *, proven: bool) -> str:
    if not analysis.kinds:
        return "assay check --help"
    return f"{call.ingest} -m 'first look'" if proven else f"{call.check} --prove"


def _files(reading: Reading, analysis: Analysis) -> list[FileRead]:
    found = []
    for source, file in enumerate(reading.files):
        counts = analysis.per_file.get(source, Counter())
        found.append(
            FileRead(
                path=file.path,
                format=file.format,
                records=sum(counts.values()),
                unreadable=counts[""],
                kinds={kind: n for kind, n in sorted(counts.items()) if kind and n},
                why=dict(sorted(analysis.why.get(source, {}).items())),
                bytes=analysis.sizes[source],
            )
        )
    return found
