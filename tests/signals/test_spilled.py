"""Cells beyond the header: told where few rows have them, not where the whole table has no header."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pyarrow as pa

from assay.flows.check import check
from assay.records.schema import TEXT
from assay.signals import SIGNALS, measure_rows


def spilled(*extra: str | None) -> list[list[str]]:
    table = pa.table({"extra_json": pa.array(extra, TEXT)})
    found: list[list[str]] = measure_rows([SIGNALS.get("spilled_cells")], [table], "classification")[0][
        "spilled_cells"
    ].to_pylist()
    return found


def test_a_row_that_spilled_names_its_columns() -> None:
    assert spilled(None, '{"c2": " and so on", "c10": "x", "note": "c3"}', "{}") == [[], ["c10", "c2"], []]


def test_empty_cells_are_not_spilled() -> None:
    assert spilled('{"c2": "", "c3": null}', None, None) == [[], [], []]


def test_a_table_without_a_header_is_not_spilled() -> None:
    assert spilled('{"c5": "a"}', '{"c5": "b"}', '{"c5": "c", "c9": "d"}') == [[], [], ["c9"]]


def test_fifty_rows_of_the_sms_file_spill(shared_data: Path) -> None:
    """Counted by the csv module too: unescaped commas put text into the three columns without a name."""
    path = shared_data / "classification/sms-spam/spam.csv"
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode("cp1252"), newline="")))[1:]
    assert sum(any(row[2:]) for row in rows) == 50
    found = [one for one in check([str(path)], format="csv:cp1252").problems if one.rule == "spilled_cells"]
    assert [one.count for one in found] == [50]
