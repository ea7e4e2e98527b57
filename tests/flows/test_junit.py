"""JUnit XML as CI servers read it: the element and attribute lists are those of jenkinsci's junit-10.xsd."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from assay.flows.junit import Case, Suite, junit_xml, write_junit

# element -> (allowed attributes, required attributes, allowed children), from junit-10.xsd
SCHEMA = {
    "testsuites": ({"name", "time", "tests", "failures", "disabled", "errors"}, set(), {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "time", "skipped", "timestamp", "hostname", "id", "package", "file"},
        {"name"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
    ),
    "testcase": (
        {"name", "time", "classname", "group", "file", "line", "assertions", "status"},
        {"name"},
        {"skipped", "error", "failure", "system-out", "system-err", "properties"},
    ),
    "failure": ({"type", "message"}, set(), set()),
    "error": ({"type", "message"}, set(), set()),
    "skipped": ({"type", "message"}, set(), set()),
    "system-out": (set(), set(), set()),
}


def check_schema(node: ElementTree.Element) -> None:
    allowed, required, children = SCHEMA[node.tag]
    assert set(node.attrib) <= allowed
    assert required <= set(node.attrib)
    for child in node:
        assert child.tag in children
        check_schema(child)


def check_counts(suite: ElementTree.Element) -> None:
    cases = list(suite.iter("testcase"))
    assert int(suite.attrib["tests"]) == len(cases)
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        if name in suite.attrib:
            assert int(suite.attrib[name]) == sum(case.find(tag) is not None for case in cases)


cases = st.builds(
    Case,
    name=st.text(max_size=12),
    group=st.sampled_from(["assay.step", "assay.gate"]),
    status=st.sampled_from(["passed", "failed", "error", "skipped"]),
    message=st.text(max_size=20),
    detail=st.text(max_size=20),
    output=st.text(max_size=20),
    seconds=st.floats(0, 1e4),
)


@given(st.lists(st.builds(Suite, st.text(max_size=9), st.lists(cases, max_size=4)), max_size=3))
def test_any_run_is_valid(suites: list[Suite]) -> None:
    root = ElementTree.fromstring(junit_xml("run", suites))
    check_schema(root)
    check_counts(root)
    for suite in root:
        check_counts(suite)


def test_a_failing_gate_is_a_failure_and_an_unmeasured_one_an_error(tmp_path: Path) -> None:
    gates = [Case("kept", "assay.gate", "failed", "3 < 10"), Case("accuracy", "assay.gate", "error", "no rows")]
    path = write_junit(tmp_path / "ci" / "out.xml", "run", [Suite("gates", gates)])
    root = ElementTree.parse(path).getroot()
    assert [(case.attrib["name"], case[0].tag) for case in root.iter("testcase")] == [
        ("kept", "failure"),
        ("accuracy", "error"),
    ]
    assert [file.name for file in path.parent.iterdir()] == ["out.xml"]


def test_bytes_that_xml_forbids_are_replaced() -> None:
    root = ElementTree.fromstring(junit_xml("run", [Suite("s", [Case("a\x00b\ud800", "g", "failed", "\x1b[31m")])]))
    case = next(root.iter("testcase"))
    assert case.attrib["name"] == "a\ufffdb\ufffd"
