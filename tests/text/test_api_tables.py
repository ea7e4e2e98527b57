"""Tables of what a package has dropped, built from two versions; the built-in names against what is installed."""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from pathlib import Path

import pytest

from assay.core.errors import UserError
from assay.text.api_tables import build_api_table, load_stale_names, write_api_table
from assay.text.python_names import names_in
from assay.text.stale_names import SOURCES, STALE_NAMES
from assay.text.stdlib_names import VERSIONS, stdlib_modules

pytest.importorskip("griffe")


def package(folder: Path, version: str, **files: str) -> Path:
    root = folder / version / "shop"
    root.mkdir(parents=True)
    (root / "__init__.py").write_text(f'__version__ = "{version}"\n' + files.pop("init", ""))
    for name, text in files.items():
        (root / f"{name}.py").write_text(text)
    return root


BASE = "class Base:\n    def total(self): ...\nclass Cart(Base):\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    old = package(
        tmp_path,
        "1.0",
        init="from ._cart import Cart\nfrom .prices import *\n",
        _cart=BASE + "    def add(self): ...\n    def total(self): ...\n",
        prices="__all__ = ['price']\ndef price(item, currency, tax): ...\ndef old(a): ...\n",
        legacy="def pay(): ...\ndef refund(): ...\n",
    )
    new = package(
        tmp_path,
        "2.0",
        init="from ._cart import Cart\nfrom .prices import *\n",
        _cart=BASE + "    pass\n",
        prices="__all__ = ['price']\ndef price(item, currency): ...\n",
    )
    path = tmp_path / "tables" / "shop.json"
    path.parent.mkdir()
    write_api_table(build_api_table(old, new), path)
    assert build_api_table(old, old)["removed"] == []
    return path


def test_a_table_says_what_is_gone_and_not_what_only_moved(table: Path) -> None:
    held = json.loads(table.read_text())
    assert (held["package"], held["old"], held["new"]) == ("shop", "1.0", "2.0")
    assert held["removed"] == ["shop.Cart.add", "shop.legacy", "shop.prices.old"], "total is inherited now"
    assert held["removed_parameters"] == {"shop.price": ["tax"], "shop.prices.price": ["tax"]}
    assert "shop.price" in held["names"]


def test_signals_use_the_table(table: Path) -> None:
    pytest.importorskip("tree_sitter")
    from tests.signals.test_code import fenced, values

    code = "import shop\nfrom shop import Cart, Basket\nfrom shop.legacy import pay\nc = Cart()\nc.add(1)\n"
    code += "shop.price(1, 'EUR', tax=2)\n"
    for place in (str(table), str(table.parent)):
        assert values("stale_apis", fenced("python", code), api_tables=place) == [
            ["shop.Cart.add removed in 2.0", "shop.legacy removed in 2.0", "shop.price(tax=) removed in 2.0"]
        ]
    missing = values("unresolved_imports", fenced("python", code), api_tables=str(table))
    assert missing == [["shop.Basket", "shop.legacy.pay"]]


def test_what_is_no_table_or_package_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"format": 1}')
    with pytest.raises(UserError, match="E106"):
        load_stale_names(tmp_path / "x.json")
    with pytest.raises(UserError, match="E106"):
        build_api_table(tmp_path, tmp_path)


@pytest.mark.parametrize("name", ["numpy", "pandas", "sklearn", "scipy", "PIL", "jinja2", "pydantic"])
def test_no_builtin_name_is_still_there_in_the_newer_package_that_is_installed(name: str) -> None:
    """The versions that the project pins are newer than every version in the table."""
    pytest.importorskip(name)
    for full in STALE_NAMES:
        if full.partition(".")[0] == name:
            assert not _exists(full), full
            assert SOURCES[full]


def test_no_builtin_name_of_python_is_still_there_in_the_python_that_runs() -> None:
    running = sys.version_info[:2]
    old = [name for name, (package_, v) in STALE_NAMES.items() if package_ == "Python" and _version(v) <= running]
    assert len(old) > 40
    assert [name for name in old if _exists(name)] == []


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _exists(full: str) -> bool:
    """Whether import and attribute access reach a name, without warnings as errors."""
    parts = full.split(".")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, start = None, 0
        for end in range(len(parts), 0, -1):
            try:
                found, start = importlib.import_module(".".join(parts[:end])), end
                break
            except Exception:  # a module that is gone raises what its package likes
                continue
        for part in parts[start:]:
            try:
                found = getattr(found, part)
            except Exception:  # numpy and pydantic raise errors of their own for names they dropped
                return False
    return True


def test_standard_library_by_version() -> None:
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    if running in VERSIONS:
        assert {name for name in sys.stdlib_module_names if not name.startswith("_")} <= stdlib_modules(running)
    assert "tomllib" not in stdlib_modules("3.10")
    assert "distutils" in stdlib_modules("3.11")
    assert "distutils" not in stdlib_modules("3.12")
    assert "binhex" in stdlib_modules("3.10")


def test_a_name_bound_twice_is_unknown_and_broken_code_is_still_read() -> None:
    pytest.importorskip("tree_sitter")
    assert names_in("import numpy as np\nnp = other()\nnp.float\n").uses == []
    assert names_in("import numpy as np\nx = (1\nnp.float\n").imports[0].name == "numpy"
    found = names_in("import os.path as p, a.b\nfrom c import *\na.b.c(p.join)\n")
    assert [one.name for one in found.imports] == ["os.path", "a.b"]
    assert [name for name, _ in found.uses] == ["a.b.c", "os.path.join"]
