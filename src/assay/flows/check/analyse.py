"""All chunks put together: dataset signals, rules, and what only the whole can tell.

`check` and `--prove` both come through here, so that a proof proves the very code that judged the data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.flows.check.collect import Collected, Part, Settings, eval_index, unpacked
from assay.flows.check.findings import File, Findings, Rows, Unreadable
from assay.flows.check.kept import Kept
from assay.flows.check.profile import DEFAULT, Profile, profile
from assay.flows.check.tokens import RowTokens, truncated, zero_loss
from assay.rules import evaluate, reason

# The checks that are not rules of the default set: they need ids, an evaluation set, or a tokenizer.
UNREADABLE = "unreadable_"
DUPLICATE_ID = "duplicate_id"
OVERLAPS = {"text": "eval_overlap_text", "prompt": "eval_overlap_prompt", "ngrams": "eval_overlap_ngrams"}
TRUNCATED = "truncated_at_max_length"
ZERO_LOSS = "trains_on_zero_tokens"
# A rule about one of these names its twin; the place says more than an id.
_TWINS = ("duplicate_of", "text_duplicate_of")
_EXCERPT = 60


@dataclass
class Analysis:
    """A whole run, as findings; `tokens` and `prompts` are per kind, `why` per source and kind."""

    findings: Findings
    kinds: dict[str, int]
    tokens: dict[str, RowTokens]
    why: dict[int, dict[str, str]] = field(default_factory=dict)
    per_file: dict[int, Counter[str]] = field(default_factory=dict)
    sizes: Counter[int] = field(default_factory=Counter)
    fields: dict[str, tuple[str, ...]] = field(default_factory=dict)  # reason -> names in the first such record
    refused: int = 0  # files without a reader: they are no records
    samples: dict[str, list[Any]] = field(default_factory=dict)
    untold: dict[str, dict[str, int]] = field(default_factory=dict)  # rule -> kind -> records it was unknown on
    rules: tuple[str, ...] = DEFAULT

    @property
    def unreadable(self) -> int:
        return sum(map(len, self.findings.unreadable.values())) - self.refused

    @property
    def records(self) -> int:
        return sum(self.kinds.values()) + self.unreadable


def analyse(files: list[File], collected: Iterable[Collected], settings: Settings, max_length: int | None) -> Analysis:
    """Everything the chunks found, in reading order. `files` may still grow while chunks come in."""
    analysis = Analysis(Findings(files, {}), {}, {}, rules=settings.rules)
    findings = analysis.findings
    parts: dict[str, list[tuple[int, int, Part]]] = {}
    with closing(Kept()) as kept:
        for chunk in collected:
            _count(analysis, chunk)
            for kind, part in chunk.parts.items():
                part.held, part.columns = kept.put(part.columns), b""
                parts.setdefault(kind, []).append((chunk.source, chunk.number, part))
        for kind, found in sorted(parts.items()):
            analysis.kinds[kind] = sum(len(part.rows) for _, _, part in found)
            findings.rows[kind] = _rows(found)
            _rules(analysis, profile(kind, settings.rules), found, kept)
            _ids(findings, kind, found)
            _tokens(analysis, kind, [part for _, _, part in found], max_length)
            _overlaps(findings, kind, [part for _, _, part in found], settings)
    return analysis


def _count(analysis: Analysis, chunk: Collected) -> None:
    analysis.sizes[chunk.source] += chunk.bytes
    counts = analysis.per_file.setdefault(chunk.source, Counter())
    why = analysis.why.setdefault(chunk.source, {})
    for kind, said in sorted(chunk.why.items()):
        why.setdefault(kind, said)
    for slug, seen in sorted(chunk.unread.items()):
        counts[""] += len(seen.places)
        analysis.fields.setdefault(slug, seen.fields)
        shown = [*seen.details, *[""] * (len(seen.places) - len(seen.details))]
        bad = analysis.findings.unreadable.setdefault(UNREADABLE + slug, [])
        bad += [Unreadable(chunk.source, *one) for one in zip(seen.places, shown, seen.keys, strict=True)]
    for kind, part in chunk.parts.items():
        counts[kind] += len(part.rows)
        analysis.samples.setdefault(kind, []).extend(part.samples)


def _rows(parts: Sequence[tuple[int, int, Part]]) -> Rows:
    return Rows(
        source=np.concatenate([np.full(len(part.rows), source, np.int64) for source, _, part in parts]),
        row=np.concatenate([part.rows for _, _, part in parts]),
        place=np.concatenate([part.places for _, _, part in parts]),
        keys=np.concatenate([part.keys for _, _, part in parts]),
    )


def _rules(analysis: Analysis, wanted: Profile, parts: Sequence[tuple[int, int, Part]], kept: Kept) -> None:
    """Dataset signals from all summaries, then the rules part by part."""
    if not wanted.rules:
        return
    states = [
        signal.combine([unpacked(part.summaries[i]) for _, _, part in parts])
        for i, signal in enumerate(wanted.summaries)
    ]
    for _, _, part in parts:
        part.summaries = []
    first = 0
    for _, _, part in parts:
        batch = unpacked(kept.take(part.held)).combine_chunks()
        for signal in wanted.dataset_signals:
            values = signal.apply(states[wanted.state_of(signal)], batch, wanted.kind)
            batch = batch.append_column(signal.name, values)
        _fired(analysis, wanted, batch, first)
        first += len(batch)


def _fired(analysis: Analysis, wanted: Profile, table: pa.Table, first: int) -> None:
    findings = analysis.findings
    decided = evaluate(wanted.rules, table, wanted.kind)
    fired = decided["rules"].combine_chunks()
    names = fired.flatten()
    parents = np.repeat(np.arange(len(fired)), pc.fill_null(pc.list_value_length(fired), 0).to_numpy())
    for count in pc.value_counts(decided["unknown"].combine_chunks().flatten()).to_pylist():
        kinds = analysis.untold.setdefault(count["values"], {})
        kinds[wanted.kind] = kinds.get(wanted.kind, 0) + count["counts"]
    for rule in wanted.rules:
        if rule.action == "keep":
            continue
        here = parents[pc.equal(names, rule.name).to_numpy(zero_copy_only=False)]
        wants = findings.wants(rule.name, wanted.kind)
        findings.add(rule.name, wanted.kind, here + first)
        for i in here[: max(wants, 0)].tolist():
            row = table.slice(i, 1).to_pylist()[0]
            findings.said[rule.name, wanted.kind, i + first] = _say(findings, rule, row, wanted.kind)


def _say(findings: Findings, rule: Any, row: dict[str, Any], kind: str) -> str:
    for twin in _TWINS:
        if row.get(twin) and twin in rule.when:
            source, _, position = row[twin].partition("/")
            at = findings.at_row(kind, int(source), int(position))
            return f"same as {at}{excerpt(row.get('text'))}"
    return f"{reason(rule, row)}{excerpt(row.get('text'))}"


def excerpt(text: str | None) -> str:
    """The record's first words, to recognise it by."""
    words = " ".join((text or "")[: 4 * _EXCERPT].split())
    if not words:
        return ""
    return f'  "{words[: _EXCERPT - 1]}…"' if len(words) > _EXCERPT else f'  "{words}"'


def _ids(findings: Findings, kind: str, parts: Sequence[tuple[int, int, Part]]) -> None:
    """Records whose id came before with other content: an ingest would quarantine them."""
    ids = np.concatenate([part.ids for _, _, part in parts])
    numbers = np.flatnonzero(ids)
    order = numbers[np.argsort(ids[numbers], kind="stable")]
    groups = np.flatnonzero(np.append(True, ids[order][1:] != ids[order][:-1])) if len(order) else order
    keys = findings.rows[kind].keys
    first = np.repeat(order[groups], np.diff(np.append(groups, len(order))))
    clash = keys[order] != keys[first]
    partner = dict(zip(order[clash].tolist(), first[clash].tolist(), strict=True))
    hits = np.sort(order[clash])
    findings.add(DUPLICATE_ID, kind, hits)
    for n in hits[: max(findings.wants(DUPLICATE_ID, kind), 0)].tolist():
        findings.said[DUPLICATE_ID, kind, n] = f"the id of {findings.at(kind, partner[n])}, other content"


def _tokens(analysis: Analysis, kind: str, parts: Sequence[Part], max_length: int | None) -> None:
    total, trained, prompt = (np.concatenate([part.tokens[i] for part in parts]) for i in range(3))
    rows = RowTokens(total, trained, prompt)
    analysis.tokens[kind] = rows
    findings = analysis.findings
    zero = np.flatnonzero(zero_loss(kind, rows, max_length))
    findings.add(ZERO_LOSS, kind, zero)
    for n in zero[: max(findings.wants(ZERO_LOSS, kind), 0)].tolist():
        said = "nothing to learn" if prompt[n] < 0 else f"the prompt alone is {prompt[n]:,} tokens"
        findings.said[ZERO_LOSS, kind, n] = said
    if max_length is not None:
        cut = np.flatnonzero(truncated(rows, max_length))
        findings.add(TRUNCATED, kind, cut)
        for n in cut[: max(findings.wants(TRUNCATED, kind), 0)].tolist():
            findings.said[TRUNCATED, kind, n] = f"{total[n]:,} tokens, {total[n] - max_length:,} cut off"


def _overlaps(findings: Findings, kind: str, parts: Sequence[Part], settings: Settings) -> None:
    compared = eval_index(settings)
    if compared is None:
        return
    first = 0
    for part in parts:
        for how, rule in OVERLAPS.items():
            found = [(first + i, match) for i, match in part.overlaps if match.how == how]
            for n, match in found[: max(findings.wants(rule, kind), 0)]:
                what = {"text": "the text of", "prompt": "the prompt of"}.get(how, f"{match.share:.0%} of")
                findings.said[rule, kind, n] = f"{what} {compared.index.at[match.item]}"
            findings.add(rule, kind, np.array([n for n, _ in found], np.int64))
        first += len(part.rows)
