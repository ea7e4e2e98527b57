"""Python code against the packages there are: imports that do not resolve, and names that were removed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from assay.core.errors import UserError
from assay.records.schema import TEXT
from assay.signals.base import row_signal
from assay.signals.code import CODE_KINDS, code_columns, code_of
from assay.text.api_tables import StaleNames, load_stale_names
from assay.text.python_names import Import, Names, names_in
from assay.text.stdlib_names import VERSIONS, stdlib_modules

_LISTED = pa.list_(TEXT)
# Distributions whose module has another name than they have.
MODULES = {
    "attrs": "attr attrs",
    "beautifulsoup4": "bs4",
    "biopython": "Bio",
    "faiss-cpu": "faiss",
    "google-cloud-storage": "google",
    "grpcio": "grpc",
    "mysqlclient": "MySQLdb",
    "opencv-python": "cv2",
    "opencv-python-headless": "cv2",
    "pillow": "PIL",
    "protobuf": "google",
    "psycopg2-binary": "psycopg2",
    "pycryptodome": "Crypto",
    "pyjwt": "jwt",
    "pyqt5": "PyQt5",
    "python-dateutil": "dateutil",
    "python-docx": "docx",
    "python-dotenv": "dotenv",
    "pytorch-lightning": "pytorch_lightning",
    "pyyaml": "yaml",
    "scikit-image": "skimage",
    "scikit-learn": "sklearn",
    "setuptools": "setuptools pkg_resources",
}


def _python_names(kind: str, columns: dict[str, pa.Array]) -> Iterator[list[Names] | None]:
    """Names of each record's Python blocks; None for a record without Python."""
    for blocks in code_of(kind, columns):
        python = [block for block in blocks if block.language == "python"]
        yield [names_in(block.code) for block in python] if python else None


def _listed(kind: str, columns: dict[str, pa.Array], judge: Callable[[Names], Iterator[str]]) -> pa.ListArray:
    out = [
        None if found is None else sorted({line for names in found for line in judge(names)})
        for found in _python_names(kind, columns)
    ]
    return pa.array(out, _LISTED)


@row_signal(
    dimension="accuracy",
    kinds=CODE_KINDS,
    reads=code_columns,
    writes=_LISTED,
    unit="module names",
    source="a stated list of packages; sys.stdlib_module_names by version; API tables by griffe",
    params={"packages": None, "python": "3.13", "api_tables": None},
    files=("packages", "api_tables"),
    default=False,
    python_bound=True,
    extra="code",
)
def unresolved_imports(
    *, kind: str, packages: str | None, python: str, api_tables: str | None, **columns: pa.Array
) -> pa.ListArray:
    """Modules that Python code imports and that neither the standard library nor the stated packages have; sorted.

    packages: a file with one package a line, by distribution or module name; a requirements file will do. python: the
    version whose standard library counts. api_tables: tables of build_api_table (a file or a folder): for their
    packages `from x import y` must find y too. Relative imports, private modules and imports inside a try are left
    alone. Null for a record without Python code, and everywhere while neither packages nor tables are stated.
    """
    if python not in VERSIONS:
        raise UserError("E104", f"no list of Python {python}'s standard library", fix=f"one of {', '.join(VERSIONS)}")
    if packages is None and api_tables is None:
        return pa.nulls(len(next(iter(columns.values()))), _LISTED)
    known = load_stale_names(api_tables, builtin=False).known
    modules = stdlib_modules(python) | _stated(packages) | frozenset(known) | {"__main__", "__future__"}
    return _listed(kind, columns, lambda names: (one for i in names.imports if (one := _missing(i, modules, known))))


def _missing(one: Import, modules: frozenset[str], known: Mapping[str, frozenset[str]]) -> str | None:
    top = one.module.partition(".")[0]
    if one.guarded or top.startswith("_"):
        return None
    if top not in modules:
        return top
    names = known.get(top)
    if names is not None and one.name not in names and not _private(one.name):
        return one.name
    return None


def _private(name: str) -> bool:
    return any(part.startswith("_") for part in name.split("."))


def _stated(path: str | None) -> frozenset[str]:
    """Module names of a list of packages or of a requirements file."""
    if path is None:
        return frozenset()
    found: set[str] = set()
    for line in Path(path).read_text("utf-8").splitlines():
        match = re.match(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", line.partition("#")[0])
        if match:
            name = match[1].rstrip(".-_")
            found |= {name, name.replace("-", "_"), name.lower().replace("-", "_")}
            found |= set(MODULES.get(name.lower(), "").split())
    return frozenset(found)


@row_signal(
    dimension="timeliness",
    kinds=CODE_KINDS,
    reads=code_columns,
    writes=_LISTED,
    unit='"name removed in version"',
    source="text/stale_names.py, each with its release notes; tables of two versions of a package by griffe",
    params={"api_tables": None, "builtin": True},
    files=("api_tables",),
    default=False,
    python_bound=True,
    extra="code",
)
def stale_apis(*, kind: str, api_tables: str | None, builtin: bool, **columns: pa.Array) -> pa.ListArray:
    """Removed names that Python code imports or uses, as "numpy.float removed in 1.24"; sorted.

    Names are followed through imports (`import numpy as np`) and, for methods, through variables that are plainly of
    one class (`df = pd.read_csv(..)`); removed keywords read "numpy.foo(bar=) removed in 2.0". What stands inside a
    try is left alone. Null for a record without Python code.
    """
    stale = load_stale_names(api_tables, builtin=builtin)
    return _listed(kind, columns, lambda names: _stale(names, stale))


def _stale(names: Names, stale: StaleNames) -> Iterator[str]:
    guarded = {one.name for one in names.imports if one.guarded}
    used = [one.name for one in names.imports if not one.guarded] + [name for name, _ in names.uses]
    for full in used:
        parts = full.split(".")
        for end in range(1, len(parts) + 1):
            name = ".".join(parts[:end])
            if name in stale.removed and name not in guarded:
                yield f"{name} {stale.removed[name]}"
                break
    for called, key, _ in names.keywords:
        if (called, key) in stale.parameters:
            yield f"{called}({key}=) {stale.parameters[called, key]}"
