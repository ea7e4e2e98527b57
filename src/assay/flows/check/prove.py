"""`--prove`: plant every fault the command knows in copies of the user's own records, and see who names them.

The copies go through the very code that judged the data. A fault counts as caught only when its own rule names
the planted record by its line, and did not name the record it was made from.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assay.flows.check.analyse import Analysis, analyse
from assay.flows.check.collect import Settings, Task, collect, spread
from assay.flows.check.faults import Fault, Plant, faults
from assay.flows.check.findings import File
from assay.flows.check.results import Proof
from assay.flows.check.seeds import Reader, Seed, encoded
from assay.formats.base import FORMATS, Limits, Shape
from assay.formats.streams import ByteStream

SEEDS = 40  # records per kind that faults are planted in
PROOF_LENGTH = 2048  # tokens at least, where no --max-length was given
_FILE = "planted.jsonl"


def prove(samples: Mapping[str, Sequence[Any]], settings: Settings, max_length: int | None) -> list[Proof]:
    """One proof per fault and kind. `samples`: records as the files gave them, by kind, in reading order."""
    plain = replace(settings, eval_files=(), eval_items=())
    seeds = {kind: _seeds(objs, kind, settings) for kind, objs in sorted(samples.items())}
    copies = [encoded(seed.obj) for kind in seeds for seed in seeds[kind]]
    start = {kind: sum(len(seeds[k]) for k in list(seeds)[:i]) for i, kind in enumerate(seeds)}
    control = _run(copies, plain, max_length)
    longest = max((int(rows.total.max()) for rows in control.tokens.values() if len(rows.total)), default=0)
    length = max_length or max(PROOF_LENGTH, 2 * longest)
    tried = [
        _plant(fault, kind, found, control, start[kind], length, turn)
        for kind, found in seeds.items()
        for turn, fault in enumerate(faults(kind, settings.rules))
    ]
    _judge([one for one in tried if not one.fault.eval], copies, plain, length)
    for one in tried:
        if one.fault.eval and one.plants:
            # One evaluation set at a time: overlaps of different strength would hide each other.
            items = tuple(item for plant in one.plants for item in plant.eval_items)
            _judge([one], copies, replace(plain, eval_items=items), length)
    return [one.proof() for one in tried]


@dataclass
class _Trial:
    fault: Fault
    kind: str
    plants: list[Plant]
    why: str
    caught: int = 0
    missed: list[str] | None = None

    def proof(self) -> Proof:
        return Proof(
            fault=self.fault.name,
            kind=self.kind,
            rule=self.fault.rule,
            planted=len(self.plants),
            caught=self.caught,
            why="" if self.plants else self.why,
            missed=self.missed or [],
        )


def _seeds(objs: Sequence[Any], kind: str, settings: Settings) -> list[Seed]:
    """Records that read the same from JSON Lines; a few cannot (bytes, or a number that only a table holds)."""
    found: list[Seed] = []
    seen: set[str] = set()
    reader = Reader(settings.kind, settings.mapping)
    for obj in spread(objs, SEEDS):
        decoded = reader.read(obj)
        # Two copies of one record would make the plants in them copies of each other.
        if decoded is not None and decoded.kind == kind and decoded.content_hash not in seen:
            seen.add(decoded.content_hash)
            found.append(Seed(obj, decoded, len(found), reader))
    return found


def _plant(
    fault: Fault, kind: str, seeds: Sequence[Seed], control: Analysis, start: int, length: int, turn: int
) -> _Trial:
    """The fault in up to five records that its rule has nothing against; another first record for every fault."""
    clean = [s for s in seeds if not control.findings.named(fault.rule, 0, start + s.number + 1)]
    if not seeds:
        return _Trial(fault, kind, [], "no record of this kind can be copied as JSON")
    if not clean:
        return _Trial(fault, kind, [], "the rule names every sampled record already")
    first = turn * 5 % len(clean)
    plants: list[Plant] = []
    why = ""
    for seed in [*clean[first:], *clean[:first]]:
        made = fault.plant(seed, length)
        if isinstance(made, Plant):
            plants.append(made)
            if len(plants) == fault.most:
                break
        else:
            why = why or made
    return _Trial(fault, kind, plants, why)


def _judge(trials: Sequence[_Trial], copies: Sequence[bytes], settings: Settings, length: int) -> None:
    """Run the copies and all plants as one file; count who is named at the planted line."""
    lines = list(copies)
    blamed: list[tuple[_Trial, int]] = []
    for trial in trials:
        for plant in trial.plants:
            blamed.append((trial, len(lines) + plant.blamed + 1))
            lines += plant.lines
    if not blamed:
        return
    analysis = _run(lines, settings, length)
    for trial, line in blamed:
        if analysis.findings.named(trial.fault.rule, 0, line):
            trial.caught += 1
        else:
            shown = lines[line - 1][:120].decode("utf-8", "replace")
            trial.missed = [*(trial.missed or []), shown]


def _run(lines: Sequence[bytes], settings: Settings, length: int | None) -> Analysis:
    tasks = _tasks(b"\n".join(lines) + b"\n", settings)
    return analyse([File(_FILE, "jsonl")], (one for task in tasks for one in collect(task)), settings, length)


def _tasks(data: bytes, settings: Settings) -> Iterator[Task]:
    shape = Shape("jsonl")
    stream = ByteStream(io.BytesIO(data), compressed=False)
    for number, chunk in enumerate(FORMATS.get(shape.format).split(stream, shape, Limits())):
        yield Task(settings, 0, number, chunk)
