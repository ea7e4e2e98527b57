"""JUnit XML, the form every CI server reads: suites of cases, each passed, failed, in error or skipped.

Follows the schema that Jenkins publishes (jenkinsci/xunit-plugin, junit-10.xsd). No timestamps: the
same findings give the same bytes, apart from the seconds measured.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

from assay.core.files import whole_file

# XML 1.0 has no way to write these, not even escaped; a record's text may hold them.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    group: str  # becomes `classname`
    status: Literal["passed", "failed", "error", "skipped"] = "passed"
    message: str = ""
    detail: str = ""  # shown in full by CI servers
    output: str = ""  # what a passing case has to say
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Suite:
    name: str
    cases: Sequence[Case]


def junit_xml(name: str, suites: Sequence[Suite]) -> bytes:
    """The XML of a run; counts are made from the cases."""
    root = ElementTree.Element("testsuites", {"name": _clean(name), **_counts([c for s in suites for c in s.cases])})
    for suite in suites:
        box = ElementTree.SubElement(
            root, "testsuite", {"name": _clean(suite.name), **_counts(suite.cases, skips=True)}
        )
        for case in suite.cases:
            _add(box, case)
    ElementTree.indent(root)
    data: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return data + b"\n"


def write_junit(path: str | Path, name: str, suites: Sequence[Suite]) -> Path:
    """Write the file whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part:
        part.write_bytes(junit_xml(name, suites))
    return path


def _add(box: ElementTree.Element, case: Case) -> None:
    seconds = f"{case.seconds:.3f}"
    item = ElementTree.SubElement(
        box, "testcase", {"name": _clean(case.name), "classname": _clean(case.group), "time": seconds}
    )
    tag = {"failed": "failure", "error": "error", "skipped": "skipped"}.get(case.status)
    if tag == "skipped":
        ElementTree.SubElement(item, tag, {"message": _clean(case.message)})
    elif tag:
        ElementTree.SubElement(item, tag, {"message": _clean(case.message), "type": case.group}).text = _clean(
            case.detail or case.message
        )
    if case.output:
        ElementTree.SubElement(item, "system-out").text = _clean(case.output)


def _counts(cases: Sequence[Case], *, skips: bool = False) -> dict[str, str]:
    def count(status: str) -> str:
        return str(sum(case.status == status for case in cases))

    counts = {"tests": str(len(cases)), "failures": count("failed"), "errors": count("error")}
    if skips:  # the schema knows `skipped` on a suite only
        counts["skipped"] = count("skipped")
    return {**counts, "time": f"{sum(case.seconds for case in cases):.3f}"}


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
