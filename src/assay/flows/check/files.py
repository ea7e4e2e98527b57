"""From what the user named to chunks looked at by workers: every byte, in order, nothing sampled."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from assay.core.ids import xxh3_hex
from assay.engine import Progress, default_workers, run
from assay.flows.check import views
from assay.flows.check.collect import Collected, Settings, Task, Unread, collect
from assay.flows.check.findings import File
from assay.formats.base import FORMATS, Bad, Limits, parse
from assay.formats.sniff import NotRecords, name_of, shape_of
from assay.formats.sources import Listing, Source, expand
from assay.records import Decoder, RecordError

# Small enough for two workers on a file of a few megabytes, large enough for columns to pay.
CHUNK_BYTES = 4 << 20
# Below this a second process costs more than it saves: it takes about a second to import what it needs.
PARALLEL_BYTES = 16 << 20
_WITHOUT_LINES = ("parquet", "arrow")


@dataclass
class Reading:
    """`files` fills while `collected` is read; `passed` are files that no reader knows: (path, why)."""

    files: list[File] = field(default_factory=list)
    passed: list[tuple[str, str]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)  # the same, named by the user himself
    collected: Iterator[Collected] = field(default_factory=lambda: iter(()))


def look(paths: Sequence[str], settings: Settings, *, workers: int | None, progress: Progress | None) -> Reading:
    """Open what `paths` name and hand its chunks to workers; results come in reading order."""
    listing = expand(paths)
    reading = Reading(passed=[(skipped.path, skipped.reason) for skipped in listing.skipped])
    sizes = [source.size for source in listing.sources]
    packed = any(name_of(source.path) != source.path.lower() for source in listing.sources)
    total = sum(size or 0 for size in sizes)
    parallel = (workers or default_workers()) > 1 and (total >= PARALLEL_BYTES or None in sizes)
    if progress is not None:
        progress.start("check", None if packed or None in sizes else total)
    found = run(
        collect,
        _tasks(listing, settings, reading),
        workers=workers,
        mode="processes" if parallel else "inline",
        split=_halves,
        join=_joined,
        on_crash=_crashed,
    )
    reading.collected = _told(found, progress)
    return reading


def _told(found: Iterator[list[Collected]], progress: Progress | None) -> Iterator[Collected]:
    for pieces in found:
        for one in pieces:
            if progress is not None:
                progress.add(one.records, one.bytes)
            yield one
    if progress is not None:
        progress.close()


def _halves(task: Task) -> list[Task]:
    return [replace(task, chunk=half) for half in task.chunk.halves()]


def _joined(parts: list[list[Collected]]) -> list[Collected]:
    return [one for part in parts for one in part]


def _crashed(task: Task, detail: str) -> list[Collected]:
    """One record that kills its worker is a bad record; everything around it was looked at."""
    chunk = task.chunk
    unread = Unread([chunk.line], [xxh3_hex(chunk.data)], [f"a worker died on it: {detail}"])
    return [Collected(task.source, task.number, {}, {"crash": unread}, {}, len(chunk.data))]


def _tasks(listing: Listing, settings: Settings, reading: Reading) -> Iterator[Task]:
    for source in listing.sources:
        shown = shown_path(source)
        stream = source.stream()
        try:
            shape = shape_of(stream, source.path, settings.format)
        except NotRecords as error:
            (reading.refused if source.named else reading.passed).append((shown, str(error)))
            stream.close()
            continue
        number = len(reading.files)
        reading.files.append(File(shown, shape.format, shape.format not in _WITHOUT_LINES))
        limits = Limits(batch_bytes=CHUNK_BYTES)
        for i, chunk in enumerate(FORMATS.get(shape.format).split(stream, shape, limits)):
            yield Task(settings, number, i, chunk)
        stream.close()


def shown_path(source: Source) -> str:
    """The path as the user could open it: as named, or below the folder that was named."""
    if source.root == "-" or "://" in source.root:
        return source.uri if "://" in source.root else "stdin"
    if os.path.isdir(source.root):
        return os.path.join(source.root, source.path)
    return source.root if os.path.isfile(source.root) else os.path.relpath(source.uri)


def eval_records(settings: Settings) -> tuple[list[tuple[str, str, str]], int]:
    """(place, prompt, whole) of every record in the evaluation files, and how many could not be read."""
    plain = Settings(format=settings.format)
    found = []
    reading = Reading()
    unread = 0
    decoder = Decoder(settings.kind, mapping=dict(settings.mapping))
    for task in _tasks(expand(settings.eval_files), plain, reading):
        for item in parse(task.chunk):
            if isinstance(item, Bad):
                unread += 1
                continue
            try:
                decoded = decoder.decode(item.obj)
            except RecordError:
                unread += 1
                continue
            file = reading.files[task.source]
            at = f"{file.path}:{item.line}" if item.line else f"{file.path}:row {item.row + 1}"
            kind, payload = decoded.kind, decoded.payload
            found.append((at, views.prompt_of(kind, payload), views.whole_of(kind, payload)))
    return found, unread + len(reading.refused)
