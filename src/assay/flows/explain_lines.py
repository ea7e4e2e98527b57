"""How an explanation is printed: what a person wants first comes first."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from assay.flows.explain import DatasetFacts, Measured, RecordFacts

_WIDTH = 100
_VALUE = 600  # characters of one field
_WORDS = {"keep": "kept", "drop": "dropped", "review": "for review"}


def record_lines(record: RecordFacts) -> list[str]:
    out = [f"{record.dataset} v{record.version}  {record.record_id}"]
    if record.decision is None:
        out.append("not decided")
    else:
        said = _WORDS[record.decision.action]
        out.append(f"{said} by rules {record.decision.ruleset} {record.decision.ruleset_hash[:10]}")
        for rule in record.decision.rules:
            mark = rule.action if rule.verdict == "fired" else "unknown"
            out.append(f"  {mark:<8} {rule.rule} ({rule.dimension}): {rule.reason}")
    out += ["", "from"]
    place = record.place
    out.append(f"  {_file(record)}" + (f", byte {place.offset:,}" if place.offset is not None else ""))
    if place.uri:
        out.append(f"  root {place.uri}")
    if place.original is not None:
        out.append(f"  original bytes kept ({place.raw_sha256[:12] if place.raw_sha256 else ''}):")
        out += _wrapped(place.original, "    ")
    given = [
        f"{n} {v}" for n, v in (("domain", record.domain), ("origin", record.origin), ("license", record.license)) if v
    ]
    if given:
        out.append(f"  {', '.join(given)}")
    out += ["", "record"]
    for name, value in record.said.items():
        out += _field(name, value)
    if record.signals:
        out += ["", "signals"]
        out += [_signal(signal) for signal in record.signals]
    out += ["", "history"]
    for event in record.history:
        action = f" -> {event.action}" if event.action else ""
        message = f"  {event.message}" if event.message and not event.action else ""
        out.append(f"  v{event.version:<4} {event.created_at[:19]}  {event.verb:<8} {event.what}{action}{message}")
    return out


def _file(record: RecordFacts) -> str:
    place = record.place
    if place.path is None:
        return "no source noted"
    if place.row is None:
        return place.path
    return f"{place.path}:{place.row + 1}" if place.format == "jsonl" else f"{place.path}, record {place.row + 1}"


def _field(name: str, value: Any) -> list[str]:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    if len(text) <= _WIDTH - len(name) and "\n" not in text:
        return [f"  {name}: {text}"]
    return [f"  {name}:", *_wrapped(text, "    ")]


def _wrapped(text: str, indent: str) -> list[str]:
    cut = text if len(text) <= _VALUE else f"{text[:_VALUE]} ... ({len(text):,} characters)"
    out = []
    for line in cut.splitlines():
        out += textwrap.wrap(line, _WIDTH, initial_indent=indent, subsequent_indent=indent) or [""]
    return out


def _signal(signal: Measured) -> str:
    if not signal.measured:
        value = "not measured"
    elif signal.value is None:
        value = "none or unknown"
    elif isinstance(signal.value, bool):
        return f"  {signal.name:<28} {'yes' if signal.value else 'no'}{_of(signal)}"
    elif isinstance(signal.value, float):
        value = f"{signal.value:.4g}"
    else:
        value = str(signal.value)
    unit = f" {signal.unit}" if signal.unit and signal.measured and signal.value is not None else ""
    return f"  {signal.name:<28} {value[:60]}{unit}{_of(signal)}"


def _of(signal: Measured) -> str:
    return f"  [{signal.dimension}]" if signal.dimension else ""


def dataset_lines(facts: DatasetFacts) -> list[str]:
    out = [f"{facts.dataset}  v{facts.version} of {facts.versions}, {facts.rows:,} {facts.kind} records"]
    if facts.created_at:
        out.append(f"  {facts.verb} {facts.created_at[:19]}  {facts.message}")
    for name, counts in (("domains", facts.domains), ("origins", facts.origins)):
        if counts:
            out.append(f"  {name}: " + ", ".join(f"{value or 'not given'} {rows:,}" for value, rows in counts.items()))
    if facts.decision is None:
        out.append(f"  not decided: assay decide {facts.dataset} --rules default")
    else:
        said = ", ".join(f"{facts.decision[a]:,} {word}" for a, word in _WORDS.items())
        out.append(f"  decided by {facts.decision['ruleset']} {facts.decision['ruleset_hash'][:10]}: {said}")
    if facts.quarantined:
        out.append(f"  {facts.quarantined:,} quarantined: assay quarantine {facts.dataset.rpartition('.')[0]}")
    if facts.signals:
        names = ", ".join(signal.name for signal in facts.signals)
        out += textwrap.wrap(
            f"{len(facts.signals)} signals: {names}", _WIDTH, initial_indent="  ", subsequent_indent="    "
        )
    else:
        out.append(f"  nothing measured yet: assay measure {facts.dataset}")
    if facts.samples:
        out.append(f"  for example: assay show {facts.dataset} {facts.samples[0]}")
    return out
