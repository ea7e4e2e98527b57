"""Dates, units and styles that a source does not use otherwise: one planted record is named, the others are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.rules import evaluate, load_ruleset
from assay.signals import SIGNALS, measure_rows, signals_for
from assay.signals.code_style import styles
from assay.text.dates import date_formats
from assay.text.units import unit_systems
from tests.signals.test_examples import table, values


def texts(name: str, *given: str | None, **params: Any) -> list[Any]:
    return values(name, "composite", *({"text": text} for text in given), **params)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Seen on 2024-03-05.", ["YYYY-MM-DD"]),
        ("at 2024-03-05T10:00:00Z", ["YYYY-MM-DD"]),
        ("on 25/12/2024, or 03/04/2024", ["DD/MM/YYYY"]),
        ("on 12/25/2024", ["MM/DD/YYYY"]),
        ("on 03/04/2024", ["DD/MM/YYYY or MM/DD/YYYY"]),
        ("(24.12.2024)", ["DD.MM.YYYY"]),
        ("5th of March 2024 and March 5, 2024", ["D Month YYYY", "Month D, YYYY"]),
        ("https://example.org/2024/03/05/page", []),
        ("version 1.2.2024.5 of part 12-31-20240", []),
        ("in 2024, 3/4 of them", []),
        ('{"date": "31-12-2024"}', ["DD-MM-YYYY"]),
        (None, []),
    ],
)
def test_formats_of_dates(text: str | None, expected: list[str]) -> None:
    found = date_formats(pa.array([text], pa.large_string()))
    assert [name for name, marked in found.items() if marked[0].as_py()] == expected


def test_a_number_alone_is_an_epoch() -> None:
    found = date_formats(pa.array(["1717243200", "1717243200123", "12", None], pa.large_string()), alone=True)
    assert found["seconds since 1970"].to_pylist() == [True, False, False, False]
    assert found["milliseconds since 1970"].to_pylist() == [False, True, False, False]


def test_the_one_american_date_of_a_source_is_named() -> None:
    usual = [f"Filed on {day:02}/{1 + day % 12:02}/2023." for day in range(1, 29)]
    found = texts("date_format_drift", *usual, "Filed on 07/14/2023.", "Filed on 03/04/2023.", "Filed.")
    assert found[:28] == [[]] * 28, "small days are in the order of the others"
    assert found[28:] == [["MM/DD/YYYY in text (usually DD/MM/YYYY)"], [], None]


def test_ambiguous_dates_stay_ambiguous_where_both_orders_occur() -> None:
    mixed = ["on 14/07/2023"] * 10 + ["on 07/14/2023"] * 10 + ["on 03/04/2023"] * 5
    assert texts("date_format_drift", *mixed) == [None] * 25


def test_few_records_and_mixed_sources_are_not_judged() -> None:
    assert texts("date_format_drift", *["2024-01-02"] * 18, "02.01.2024") == [None] * 19
    assert texts("date_format_drift", *["2024-01-02"] * 18, *["02.01.2024"] * 6) == [None] * 24


def test_small_files_are_judged_with_their_folder() -> None:
    rows = [{"text": "2024-01-02", "source": {"path": f"d/{i}.txt", "row": 0}} for i in range(25)]
    rows.append({"text": "02.01.2024", "source": {"path": "d/x.txt", "row": 0}})
    rows.append({"text": "02.01.2024", "source": {"path": "e/x.txt", "row": 0}})
    found = values("date_format_drift", "composite", *rows)
    assert found[25:] == [["DD.MM.YYYY in text (usually YYYY-MM-DD)"], None]


def test_other_fields_are_judged_for_themselves() -> None:
    rows = [{"text": "2024-01-02", "metadata_json": '{"date":"1 May 2020"}'} for _ in range(30)]
    rows.append({"text": "x", "metadata_json": '{"date":"2020-05-01"}'})
    found = values("date_format_drift", "composite", *rows)
    assert found[30] == ["YYYY-MM-DD in metadata_json (usually D Month YYYY)"]
    assert found[:30] == [[]] * 30


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It weighs 3.5 kg", [("weight", "kg, g")]),
        ("Weight: 150 lbs.", [("weight", "lb, oz")]),
        ("a mass of about 20 g", [("weight", "kg, g")]),
        ("3 pounds of flour", []),
        ("6 feet tall, height 180 cm", [("length", "m, cm")]),
        ("Heated to 20 °C (68 °F)", [("temperature", "°C"), ("temperature", "°F")]),
        ("at 30 mph", [("speed", "mph")]),
        ("The price was $20", [("money", "$")]),
        ("It cost 20 euros", [("money", "€")]),
        ("vitamin C 20", []),
        (None, []),
    ],
)
def test_units_of_quantities(text: str | None, expected: list[tuple[str, str]]) -> None:
    found = unit_systems(pa.array([text], pa.large_string()))
    assert [name for name, marked in found.items() if marked[0].as_py()] == expected


def test_the_one_record_in_pounds_is_named() -> None:
    found = texts(
        "unit_drift", *[f"Patient {i}: weight {60 + i} kg." for i in range(25)], "Patient: weight 150 lb.", "x"
    )
    assert found == [*[[]] * 25, ["lb, oz in weight (usually kg, g)"], None]


PYTHON = "```python\ndef do_it(a):\n    if a:\n        return 'b'\n    x_y = 'c'\n    return 'd'\n```\n"
TABBED = PYTHON.replace("    ", "\t")


def test_styles_of_one_text() -> None:
    assert styles(PYTHON) == {"indentation of python": "4 spaces", "quotes of python": "single"}
    assert styles(TABBED)["indentation of python"] == "tabs"
    camel = "```js\nconst oneTwo = 1\nlet twoThree = 2\nfunction threeFour() {\n  return 1\n}\n```"
    assert styles(camel) == {"names of javascript": "camelCase"}, "one indented line shows no style"
    assert styles(r"Let \(a\) and \(b\) be with \[a = b\]") == {"formulas": r"\(..\)"}
    assert styles("Let $a_1$ and $b^2$ be, and $a = b$") == {"formulas": "$..$"}
    assert styles("It costs $5 and $6 and $7, or US$8") == {}
    assert styles("no code, 'quoted' 'words' 'here'") == {}


@pytest.mark.parametrize(
    "text",
    ["`" * 200_000, "$" * 200_000, "$a " * 70_000, r"\[" * 70_000, "```\n" * 50_000, "~~~\n```\n" * 20_000,
     "```py\n" + "'a" * 99_000 + "\n```", "```py\n" + " " * 200_000 + "\n```"],
    ids=lambda text: repr(text[:8]),
)  # fmt: skip
def test_long_texts_of_one_thing_end(text: str) -> None:
    styles(text)


def test_the_one_record_with_tabs_is_named() -> None:
    found = texts("code_style_drift", *[PYTHON] * 22, TABBED, "prose")
    assert found == [*[[]] * 22, ["tabs in indentation of python (usually 4 spaces)"], None]


def test_the_preset_names_each_plant_and_lets_the_clean_pass() -> None:
    unlike = " ".join(f"w{i}" for i in range(40))
    clean = [
        f"{i} {unlike.replace('w', f'x{i}')} on 2024-01-{1 + i % 28:02} weight {60 + i} kg.\n{PYTHON}"
        for i in range(30)
    ]
    plants = [
        "q1 q2 q3 q4 q5 q6 on 24.12.2024 and so forth",
        "r1 r2 r3 r4 r5 r6 weight 150 lb and then",
        f"s1 s2 s3 s4\n{TABBED}{unlike.replace('w', 's')}",
        *["the same words again and again"] * 6,
    ]
    rules = load_ruleset("consistency")
    held = table("composite", *({"text": text} for text in (*clean, *plants)))
    names = list(rules.columns("composite"))
    for name, column in measure_rows(signals_for("composite", names), [held], "composite")[0].items():
        held = held.append_column(name, column)
    fired = evaluate(rules.for_kind("composite"), held, "composite")["rules"].to_pylist()
    assert fired[:30] == [[]] * 30
    assert fired[30:33] == [["date_format_drift"], ["unit_drift"], ["code_style_drift"]]
    assert fired[33:] == [["near_copies"]] * 6


@given(
    st.lists(st.sampled_from([(PYTHON, "a/1"), (TABBED, "a/2"), (PYTHON, "a/2"), ("x", "b")]), max_size=60), st.data()
)
def test_the_layout_of_fragments_changes_nothing(rows: list[tuple[str, str]], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(rows)))
    held = table("composite", *({"text": t, "source": {"path": p, "row": i}} for i, (t, p) in enumerate(rows)))
    signal = SIGNALS.get("code_style_drift")
    whole = measure_rows([signal], [held], "composite")[0]["code_style_drift"].to_pylist()
    parts = measure_rows([signal], [held[cut:], held[:cut]], "composite")
    assert [value for part in reversed(parts) for value in part["code_style_drift"].to_pylist()] == whole


def test_real_design_documents_agree_on_their_dates(shared_data: Path) -> None:
    """Each begins with `Start Date: (fill me in with today's date, YYYY-MM-DD)`; looked at by eye."""
    files = sorted((shared_data / "composite-markdown/rust-rfcs").glob("*.md"))
    rows = [{"text": file.read_text("utf-8"), "source": {"path": f"rfcs/{file.name}", "row": 0}} for file in files]
    found = values("date_format_drift", "composite", *rows)
    assert sum(one is not None for one in found) >= 20
    assert sum(bool(one) for one in found) <= 4
