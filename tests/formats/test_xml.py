"""XML elements as records: with the facts around them, their bytes and lines, and nothing lost where it is broken."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.reading import items_of, objects

DOCUMENT = b"""<?xml version="1.0"?>
<Document id="d1" url="https://example.org/a">
<Focus>Aspirin</Focus>
<QAPairs>
  <QAPair pid="1"><Question qid="q1" kind="use">What for?</Question><Answer>Pain &amp; fever</Answer></QAPair>
  <QAPair pid="2"><Question qid="q2">How?</Question><Answer/><See>a</See><See>b</See></QAPair>
</QAPairs>
</Document>
"""


def test_each_element_is_a_record_with_what_stands_around_it() -> None:
    first, second = objects(DOCUMENT, "a.xml", wanted="xml:QAPair")
    assert first == {
        "pid": "1",
        "Question": "What for?",
        "Question_qid": "q1",
        "Question_kind": "use",
        "Answer": "Pain & fever",
        "Document_id": "d1",
        "Document_url": "https://example.org/a",
        "Focus": "Aspirin",
    }
    assert second["Answer"] == ""
    assert second["See"] == ["a", "b"]


def test_bytes_and_lines_are_those_of_the_element() -> None:
    items, bad = items_of(DOCUMENT, "a.xml", wanted="xml:QAPair")
    assert not bad
    for item, line in zip(items, (5, 6), strict=True):
        assert DOCUMENT[item.offset : item.offset + item.length] == item.raw
        assert ElementTree.fromstring(item.raw).tag == "QAPair"
        assert item.line == line
    assert [item.row for item in items] == [0, 1]


def test_what_comes_before_a_break_is_read_and_the_rest_is_bad() -> None:
    cut = DOCUMENT.index(b"How?")
    items, (bad,) = items_of(DOCUMENT[:cut], "a.xml", wanted="xml:QAPair")
    assert [item.obj["pid"] for item in items] == ["1"]
    assert bad.reason == "broken_xml"
    assert bad.raw.endswith(DOCUMENT[cut - 10 : cut])
    assert bad.offset == items[0].offset + items[0].length


@pytest.mark.parametrize(
    ("data", "wanted", "reason"),
    [
        pytest.param(DOCUMENT, "xml:Pair", "no_such_element", id="an element that is not there"),
        pytest.param(DOCUMENT, "xml", "no_such_element", id="no element named"),
        pytest.param(b"no markup", "xml:a", "broken_xml", id="no XML"),
        pytest.param(b"<a>" * 200 + b"</a>" * 200, "xml:b", "broken_xml", id="nested without end"),
        pytest.param(
            b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><r><a>&b;</a></r>', "xml:zz", None, id="x"
        ),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, wanted: str, reason: str | None) -> None:
    items, bad = items_of(data, "a.xml", wanted=wanted)
    assert not items
    assert [one.reason for one in bad] == [reason or "no_such_element"]


def test_a_file_named_by_an_entity_is_never_read() -> None:
    data = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><r><a>x&b;y</a></r>'
    assert objects(data, "a.xml", wanted="xml:r") == [{"a": "xy"}]


def test_entities_that_grow_without_end_are_refused() -> None:
    grown = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    data = f'<!DOCTYPE r [<!ENTITY a0 "ha">{grown}]><r><p>&a11;</p></r>'.encode()
    _, bad = items_of(data, "a.xml", wanted="xml:p")
    assert [one.reason for one in bad] == ["broken_xml"]


def test_a_sign_in_an_attribute_does_not_end_the_tag() -> None:
    items, bad = items_of(b"<r><p a=\">\" b='/>'/></r>", "a.xml", wanted="xml:p")
    assert not bad
    assert items[0].raw == b"<p a=\">\" b='/>'/>"


@given(st.binary(max_size=60), st.integers(0, len(DOCUMENT)))
def test_any_damage_loses_no_byte_behind_the_last_record(noise: bytes, at: int) -> None:
    data = DOCUMENT[:at] + noise + DOCUMENT[at:]
    items, bad = items_of(data, "a.xml", wanted="xml:QAPair")
    assert len(bad) <= 1
    end = max((item.offset + item.length for item in items), default=0)
    for one in bad:
        assert one.raw == data[end:] or one.reason == "no_such_element"


def test_medquad_has_no_answers_in_one_folder_of_three(shared_data: Path) -> None:
    """A fact counted by another parser too: from 11_MPlusDrugs every answer was removed upstream."""
    counts: Counter[tuple[str, bool]] = Counter()
    oracle: Counter[tuple[str, bool]] = Counter()
    for path in sorted((shared_data / "composite-medical" / "medquad").rglob("*.xml")):
        folder = path.parent.name
        for obj in objects(path.read_bytes(), path.name, wanted="xml:QAPair"):
            counts[folder, bool(obj["Answer"])] += 1
        for pair in ElementTree.parse(path).iter("QAPair"):
            answer = pair.find("Answer")
            oracle[folder, bool(answer is not None and (answer.text or "").strip())] += 1
    assert counts == oracle
    assert dict(counts) == {
        ("11_MPlusDrugs_QA", False): 322,
        ("4_MPlus_Health_Topics_QA", True): 197,
        ("6_NINDS_QA", True): 220,
    }
