"""Code in records: parse errors in fifteen languages, fences, imports, removed names, SQL. One plant per signal."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from assay.core.errors import UserError
from assay.records.schema import schema_of
from assay.signals import SIGNALS
from assay.text.code import PARSED, parse_errors

pytest.importorskip("tree_sitter")

# A clean piece of each language, and what one fault makes of a part of it.
PIECES = {
    "bash": ('for f in *.txt; do\n  echo "$f"\ndone\n', '"$f"', '"$f'),
    "c": ("int f(int a) {\n  return a + 1;\n}\n", "1;", ";"),
    "cpp": ("template <class T> T f(T a) {\n  return a + 1;\n}\n", "a + 1;", "(a + ;"),
    "csharp": ("class A {\n  int F() => 1;\n}\n", "F()", "F("),
    "go": ("package m\nfunc f(a int) int { return a }\n", "int) int", "int int"),
    "java": ("class A {\n  int f() { return 1; }\n}\n", "1;", "1 + ;"),
    "javascript": ("const f = (a) => {\n  return a + 1;\n};\n", "1;", ";"),
    "php": ("<?php\nfunction f($a) { return $a + 1; }\n", "$a)", "$a"),
    "python": ("def f(a):\n    return a + 1\n", "    return", "return"),
    "ruby": ("def f(a)\n  a + 1\nend\n", "1", ")"),
    "rust": ("fn f(a: u8) -> u8 {\n    a + 1\n}\n", "1", ""),
    "scala": ("object A {\n  def f(a: Int): Int = a + 1\n}\n", "Int)", "Int"),
    "tsx": ("const a = (\n  <b>{x as string}</b>\n);\n", "string}</b>", "}</i>"),
    "typescript": ("function f(a: number): number {\n  return a + 1;\n}\n", "1;", ";"),
    "verilog": ("module m(input a, output b);\n  assign b = ~a;\nendmodule\n", "~a", "~"),
}


def values(name: str, *texts: str | dict[str, Any] | None, kind: str = "composite", **params: Any) -> list[Any]:
    rows = [
        {"record_id": f"r{i}", "source": {"path": "f"}, **(text if isinstance(text, dict) else {"text": text})}
        for i, text in enumerate(texts)
    ]
    table = pa.Table.from_pylist(rows, schema=schema_of(kind))
    return SIGNALS.get(name).run(table, kind, params).to_pylist()


def fenced(language: str, code: str) -> str:
    return f"Some words.\n\n```{language}\n{code}```\n"


def test_at_least_ten_languages_and_verilog_are_parsed() -> None:
    assert tuple(PIECES) == PARSED
    assert len(PARSED) >= 10


@pytest.mark.parametrize("language", PARSED)
def test_clean_code_is_silent_and_a_fault_is_placed(language: str) -> None:
    clean, right, wrong = PIECES[language]
    broken = clean.replace(right, wrong, 1)
    assert parse_errors(language, clean) == []
    [found] = values("code_parse_errors", fenced(language, broken))
    assert found
    assert found[0].partition(":")[0] == language
    assert int(found[0].partition(":")[2]) in range(4, 8), "lines are those of the text"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(fenced("py", "print 'a'\n"), ["python:4"], id="Python 2"),
        pytest.param(fenced("python", "x = 1\n    y = 2\n"), ["python:5"], id="indentation for no reason"),
        pytest.param(fenced("python", "type X = int\nf'{x:{\"a\"}}'\ndef f(): ...\n"), [], id="newer syntax, and ..."),
        pytest.param(fenced("python", ">>> f(1\n"), None, id="a session"),
        pytest.param(fenced("python", '"""Doc.\n\n>>> f()\n"""\nx = (\n'), ["python:8"], id="a doctest is no session"),
        pytest.param(fenced("js", "f();\n...\ng(\n"), None, id="something cut out"),
        pytest.param(fenced("rust,compile_fail", "fn f( {}\n"), None, id="meant not to compile"),
        pytest.param(fenced("", "f(\n"), None, id="no language"),
        pytest.param(fenced("cobol", "f(\n"), None, id="a language without a grammar"),
        pytest.param("no code", None, id="no code"),
        pytest.param(None, None, id="no text"),
    ],
)
def test_what_is_judged(text: str | None, expected: list[str] | None) -> None:
    assert values("code_parse_errors", text) == [expected]


def test_whole_files_are_code_by_their_metadata() -> None:
    broken = "module m(;\nendmodule\n"
    by_path = {"text": broken, "metadata_json": '{"path": "rtl/m.sv"}'}
    by_language = {"text": broken, "domain": "code", "metadata_json": '{"language": "Verilog"}'}
    by_source = {"text": broken, "source": {"path": "a/m.v"}}
    german = {"text": broken, "domain": "legal", "metadata_json": '{"language": "go"}'}
    found = values("code_parse_errors", by_path, by_language, by_source, german)
    assert found == [["verilog:1"]] * 3 + [None]
    assert values("code_languages", by_path, fenced("js", "a\n"), "none") == [["verilog"], ["javascript"], []]


def test_tool_inputs_are_code_where_the_tool_says_so() -> None:
    def session(name: str, **given: str) -> dict[str, Any]:
        return {"steps": [{"tool_calls": [{"tool_name": name, "tool_input_json": json.dumps(given)}]}]}

    rows = (
        session("run_python", code="x = (1,\n"),
        session("execute", language="js", code="let x = ;"),
        session("run_python", code="x = 1"),
        session("search", query="x = (1,"),
    )
    assert values("code_parse_errors", *rows, kind="agentic") == [["python:1"], ["javascript:1"], [], None]


def test_fences_close_by_commonmarks_rules() -> None:
    listed = "- x\n\n    ```sh\n    a\n    ```\n"
    texts = ("```py\na\n", "```py\na\n```\n", "````\n```\n````\n", "~~~\n```\n~~~", "a `b` c", listed)
    assert values("unclosed_fences", *texts) == [1, 0, 0, 0, None, 0]
    assert values("unclosed_fences", "```one``` line\n") == [None]


OLD = """
import numpy as np, imp
import pandas as pd
from collections import Mapping, OrderedDict
from sklearn.externals import joblib
def f(x: np.float) -> None:
    df = pd.read_csv("a.csv")
    df = df.append({"a": np.float64(1)})
    df.ix[0]
    return np.random.rand(3)
"""
NEW = """
import numpy as np
from collections.abc import Mapping
try:
    from collections import Sequence
except ImportError:
    from collections.abc import Sequence
def f(np, rows: list[int]) -> None:
    rows.append(np.float)
    np.float32(1)
"""


def test_removed_names_are_followed_through_aliases_and_plain_types() -> None:
    assert values("stale_apis", fenced("python", OLD), fenced("python", NEW), fenced("js", OLD)) == [
        [
            "collections.Mapping removed in Python 3.10",
            "imp removed in Python 3.12",
            "numpy.float removed in 1.24",
            "pandas.DataFrame.append removed in 2.0",
            "pandas.DataFrame.ix removed in 1.0",
            "sklearn.externals.joblib removed in 0.23",
        ],
        [],
        None,
    ]


def test_imports_resolve_against_stated_packages(tmp_path: Path) -> None:
    stated = tmp_path / "requirements.txt"
    stated.write_text("# what the course uses\nnumpy>=1.26\nscikit-learn==1.5 ; python_version > '3.8'\nPyYAML\n")
    code = "import numpy as np, yaml, os.path, nummpy\nfrom sklearn.svm import SVC\nfrom .mine import x\n"
    code += "from torch import nn\n"
    guarded = "try:\n    import ujson as json\nexcept ImportError:\n    import json\n"
    texts = (fenced("python", code), fenced("python", guarded), "no code")
    assert values("unresolved_imports", *texts, packages=str(stated)) == [["nummpy", "torch"], [], None]
    assert values("unresolved_imports", *texts) == [None] * 3, "against nothing nothing is judged"
    old = fenced("python", "import distutils, asyncio, tomllib\n")
    for python, missing in (("3.9", ["tomllib"]), ("3.11", []), ("3.13", ["distutils"])):
        assert values("unresolved_imports", old, packages=str(stated), python=python) == [missing]
    with pytest.raises(UserError, match="E104"):
        values("unresolved_imports", old, packages=str(stated), python="2.7")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(fenced("sql", "SELECT a, b FROM t WHERE a = 1;\n"), [], id="clean"),
        pytest.param(fenced("sql", "SELECT a FROM t;\nSELECT FROM WHERE a = ;\n"), ["sql:5"], id="a fault"),
        pytest.param(fenced("postgresql", "SELECT a::int FROM t\n"), [], id="a dialect by its tag"),
        pytest.param(fenced("sql", "-- nothing\n"), None, id="only a comment"),
        pytest.param("no code", None, id="no code"),
    ],
)
def test_sql(text: str, expected: list[str] | None) -> None:
    assert values("sql_parse_errors", text) == [expected]


@pytest.mark.parametrize(
    ("language", "code", "expected"),
    [
        pytest.param("go", 'func f() {\n  g(")")\n', ["go:4 {"], id="never closed"),
        pytest.param("c", "int f() {\n  return 1);\n}\n", ["c:5 )"], id="never opened"),
        pytest.param("rust", "fn f<'a>(x: &'a str) { g(r#\"(\"#, '(') } // )\n", [], id="lifetimes, raw strings"),
        pytest.param("cpp", 'auto s = R"x(((")x"; /* ( */ f(1\'000);\n', [], id="raw strings and digit separators"),
        pytest.param("python", 's = """(\n"""; t = \'[\' # {\n', [], id="Python's strings"),
        pytest.param("verilog", "assign b = {4'b0, a[3:0]};\n", [], id="Verilog's numbers"),
        pytest.param("js", "f(/[(]/)\n", None, id="a language with regular expressions is not lexed"),
    ],
)
def test_brackets(language: str, code: str, expected: list[str] | None) -> None:
    assert values("unbalanced_brackets", fenced(language, code)) == [expected]


def test_clean_code_has_balanced_brackets() -> None:
    texts = [fenced(language, piece[0]) for language, piece in PIECES.items()]
    assert not any(values("unbalanced_brackets", *texts))


def test_published_design_texts_raise_no_alarm_but_where_a_bracket_is_really_open(shared_data: Path) -> None:
    rfcs = sorted((shared_data / "composite-markdown/rust-rfcs").glob("*.md"))
    texts = [path.read_text("utf-8") for path in rfcs]
    for name in ("unclosed_fences", "unbalanced_brackets", "code_parse_errors", "stale_apis"):
        found = values(name, *texts)
        judged = sum(value is not None for value in found)
        print(f"{name}: {sum(map(bool, found))} of {judged} judged, of {len(texts)} RFCs")
        if name == "unclosed_fences":
            assert not any(found)
        if name == "unbalanced_brackets":
            assert sum(map(bool, found)) <= 3


def test_the_running_pythons_own_modules_raise_no_alarm(tmp_path: Path) -> None:
    stated = tmp_path / "none.txt"
    stated.write_text("")
    files = sorted(Path(json.__file__).parent.parent.glob("*.py"))[:60]
    rows = [{"text": path.read_text("utf-8"), "source": {"path": path.name}} for path in files]
    assert sum(map(bool, values("code_parse_errors", *rows))) == 0
    assert sum(map(bool, values("unbalanced_brackets", *rows))) == 0
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    missing = values("unresolved_imports", *rows, packages=str(stated), python=version)
    assert {name for found in missing for name in found or ()} <= PLATFORM


# Modules of other systems, and of Python's own test suite, that its library asks for.
PLATFORM = {"test", "org", "java", "vms_lib", "pyimod02_importlib"}
