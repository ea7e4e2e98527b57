"""Benchmark items from files and from datasets: what each asks, says and answers, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.core.arrow import one_array
from assay.core.collector import collector_paused
from assay.core.errors import UserError
from assay.flows.subjects import split_ref
from assay.formats.base import Bad, read
from assay.formats.sniff import NotRecords, shape_of
from assay.formats.sources import Source, expand
from assay.records import Decoded, Decoder, RecordError, Row, to_batch
from assay.records.schema import TEXT
from assay.store import Workspace
from assay.text.benchmark import Items
from assay.text.fields import ALIASES, columns_read, compared_text, leaves

HELD_OUT = ("test", "validation", "valid", "val", "dev", "eval")  # names of splits that nothing may be trained on
TRAINED = ("train", "training")
_BATCH = 4096
_LETTERS = "ABCDEFGHIJ"
_CHOICES = ("choices", "options", "endings")
_SAID = "role=assistant|gpt|model"
# What a record of a kind answers: by itself; and as an item, where every one of these is an answer (a tuple is joined).
REPLIES: Mapping[str, tuple[str, ...]] = {
    "qa": ("best_answer", f"messages[{_SAID}].parts[].text"),
    "reasoning": ("final_answer",),
    "agentic": ("outcome.final_answer",),
}
_ANSWERS: Mapping[str, tuple[str | tuple[str, ...], ...]] = {
    "qa": ("best_answer", "answers[].text", f"messages[{_SAID}].parts[].text"),
    "reasoning": (("steps[].text",), "final_answer"),
    "agentic": ("outcome.final_answer", f"steps[].messages[{_SAID}].parts[].text"),
    "preference": ("candidates[].messages[].parts[].text",),
}


@dataclass
class Benchmark:
    """Items of all sources. unread: records that could not be read; passed: files in folders that hold none."""

    items: Items
    unread: int = 0
    passed: list[str] = field(default_factory=list)


def asked_by(kind: str) -> tuple[str, ...]:
    """The fields of a kind that ask: those of `prompt`, of an agent its task alone."""
    return ("task.instruction",) if kind == "agentic" else ALIASES["prompt"][kind]


def read_items(
    ws: Workspace | None, against: Sequence[str], *, mapping: Mapping[str, str], held_out_of: Sequence[str] = ()
) -> Benchmark:
    """Items of files, folders and globs; of datasets (NAME or NAME@REF); and of held-out splits of these full names.

    E311: nothing at a path; E318: a file of no records, or no record in all of them.
    """
    found = Benchmark(Items.of([]))
    parts: list[Items] = []
    files: list[str] = []
    known = set() if ws is None else {name for full in ws.names() for name in (full, full.rpartition(".")[0])}
    for source in against:
        base, ref = split_ref(source)
        if ws is not None and base in known:
            for full in ws.names(base):
                parts += dataset_items(ws, full, ref)
        else:
            files.append(source)
    for file in expand(files).sources if files else ():
        parts += _file_items(file, mapping, found)
    if ws is not None:
        for full in held_out_of:
            parts += dataset_items(ws, full, None, held_out=True)
    found.items = Items.joined(parts)
    if against and not found.items.at:
        fix = "say which columns are what: --map prompt=question" if found.unread else "name files that hold records"
        what = f"no benchmark item could be read; {found.unread:,} records are unreadable"
        raise UserError("E318", what, at=" ".join(against), fix=fix)
    return found


def items_of(batch: pa.RecordBatch, kind: str, at: list[str]) -> Items:
    """Items of rows; at: place of each."""
    prompt = compared_text(batch, kind, asked_by(kind))
    whole = one_array(batch["text"]).cast(TEXT)
    texts: list[list[str]] = [[] for _ in at]
    for path in _ANSWERS.get(kind, ()):
        if isinstance(path, tuple):
            said, owner = compared_text(batch, kind, path), np.arange(len(at))
        else:
            said, owner = leaves(one_array(batch[_column(path)]), path)
        for text, row in zip(said.to_pylist(), owner.tolist(), strict=True):
            if text and text not in texts[row]:
                texts[row].append(text)
    answers = pa.array([text for row in texts for text in row], TEXT)
    return Items(at, prompt, whole, answers, np.repeat(np.arange(len(at)), [len(row) for row in texts]))


def dataset_items(ws: Workspace, full: str, ref: str | int | None, *, held_out: bool = False) -> Iterator[Items]:
    """Every record of a dataset, or those of its held-out splits; their places are its name and record ids."""
    data = ws.dataset(full)
    kind = data.kind
    answers = [path if isinstance(path, tuple) else (path,) for path in _ANSWERS.get(kind, ())]
    fields = [*asked_by(kind), *(path for some in answers for path in some)]
    columns = list(dict.fromkeys(["record_id", "text", "split", *columns_read(kind, fields)]))
    for batch in data.scan(ref, columns=columns):
        if held_out:
            batch = batch.filter(in_splits(batch.column("split"), HELD_OUT))
        if batch.num_rows:
            yield items_of(batch, kind, [f"{full}:{name}" for name in batch.column("record_id").to_pylist()])


def in_splits(split: pa.Array, names: Sequence[str]) -> pa.BooleanArray:
    """Which rows are of one of these splits; null is of none."""
    return pc.fill_null(pc.is_in(pc.utf8_lower(split.cast(TEXT)), pa.array(names, TEXT)), False)


def _file_items(file: Source, mapping: Mapping[str, str], found: Benchmark) -> Iterator[Items]:
    stream = file.stream()
    try:
        shape = shape_of(stream, file.path)
        reader, held = _Reader(mapping), []
        with collector_paused():
            for item in read(stream, shape):
                decoded = None if isinstance(item, Bad) else reader.decode(item.obj)
                if decoded is None:
                    found.unread += 1
                    continue
                held.append((f"{file.path}:{item.line or item.row + 1}", decoded))
                if len(held) == _BATCH:
                    yield from _of_rows(held)
                    held = []
        yield from _of_rows(held)
    except NotRecords as error:
        if file.named:
            raise UserError("E318", f"{file.uri} holds no records: {error}", fix="name files of records") from error
        found.passed.append(file.path)
    finally:
        stream.close()


def _of_rows(held: Sequence[tuple[str, Decoded]]) -> Iterator[Items]:
    kinds = dict.fromkeys(decoded.kind for _, decoded in held)
    for kind in kinds:
        mine = [(at, decoded) for at, decoded in held if decoded.kind == kind]
        rows = [Row(decoded=decoded, record_id=at, source={"path": "", "row": 0}) for at, decoded in mine]
        yield items_of(to_batch(kind, rows), kind, [at for at, _ in mine])


class _Reader:
    """Records as items. A letter or number that stands for one of several choices is read as that choice."""

    def __init__(self, mapping: Mapping[str, str]) -> None:
        self._decoder = Decoder(mapping=dict(mapping))
        self._plain = Decoder("qa")

    def decode(self, obj: Any) -> Decoded | None:
        try:
            decoded = self._decoder.decode(obj)
        except RecordError:
            return self._multiple_choice(obj)
        if decoded.kind != "qa":
            return decoded
        choice = chosen(obj, decoded.payload.get("best_answer"))
        prompt = decoded.payload.get("prompt")
        if choice is None or not prompt or decoded.payload.get("messages"):
            return decoded
        return self._plain.decode({"prompt": prompt, "best_answer": choice})

    def _multiple_choice(self, obj: Any) -> Decoded | None:
        """A question, its choices and the letter of the right one, in columns without names, as MMLU's are."""
        cells = _unnamed(obj)
        choice = chosen(obj, cells[-1]) if cells else None
        if choice is None or not isinstance(cells[0], str):
            return None
        return self._plain.decode({"prompt": cells[0], "best_answer": choice})


def chosen(obj: Any, answer: Any) -> str | None:
    """The choice that an answer such as "B" or 1 stands for; None where the record has no choices or it is none."""
    if not isinstance(obj, Mapping):
        return None
    cells = _unnamed(obj)
    choices: Any = next((obj[name] for name in _CHOICES if isinstance(obj.get(name), list)), cells[1:-1])
    said = str(answer).strip()
    number = int(said) if said.isdecimal() and not cells else _LETTERS.find(said.upper()) if len(said) == 1 else -1
    if not 0 <= number < len(choices) or len(choices) < 2 or said in map(str, choices):
        return None
    choice = choices[number]
    return str(choice) if isinstance(choice, str | int | float) else None


def _unnamed(obj: Any) -> list[Any]:
    """The cells of a row of a file without a header; none where columns have names."""
    if not isinstance(obj, Mapping) or len(obj) < 4 or list(obj) != [f"c{i}" for i in range(len(obj))]:
        return []
    return list(obj.values())


def _column(path: str) -> str:
    return path.split(".")[0].split("[")[0]
