"""What two versions of a Python package differ by: names and parameters that the newer one no longer has.

Built by griffe from source files, without importing the package. The table is JSON:

    {"format": "assay-api-table-1", "package": "numpy", "old": "1.23.5", "new": "1.24.0",
     "names": [every public name of the new version], "removed": [names that only the old one has],
     "removed_parameters": {"numpy.foo": ["bar"]}}
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from assay.core.errors import UserError
from assay.text.stale_names import STALE_NAMES

FORMAT = "assay-api-table-1"
_DEEPEST = 12  # names a.b.c..: a package that imports itself has no end


class _Table(msgspec.Struct):
    format: str
    package: str
    old: str
    new: str
    names: list[str]
    removed: list[str]
    removed_parameters: dict[str, list[str]] = {}


def build_api_table(
    old: str | Path, new: str | Path, *, old_version: str | None = None, new_version: str | None = None
) -> dict[str, Any]:
    """The table of one package in two versions; write it with `json.dumps`.

    old, new: folders of the package itself (`site-packages/numpy`, or a checkout's `src/numpy`). Versions: given, else
    the package's own `__version__` where that is a plain string, else its `.dist-info` folder, else "another version".
    A name counts as removed only by its shortest part: a removed module is one name. Private names are left out.
    E105 without the extra `code`; E106 when a folder is no package.
    """
    before, after = _Package.load(old), _Package.load(new)
    gone = {name for name in before.names if name not in after.names}
    parameters = {}
    for name, had in sorted(before.parameters.items()):
        has = after.parameters.get(name)
        if has is not None and "**" not in has and (lost := sorted(had - has - {"**"})):
            parameters[name] = lost
    return {
        "format": FORMAT,
        "package": after.name,
        "old": old_version or before.version,
        "new": new_version or after.version,
        "names": sorted(after.names),
        "removed": sorted(name for name in gone if name.rpartition(".")[0] not in gone),
        "removed_parameters": parameters,
    }


@dataclass(slots=True)
class _Package:
    name: str
    version: str
    names: dict[str, None]
    parameters: dict[str, frozenset[str]]

    @classmethod
    def load(cls, folder: str | Path) -> _Package:
        from assay.core.extras import need_extra

        need_extra("code", "an API table")
        import griffe

        path = Path(folder).resolve()
        if not (path / "__init__.py").is_file():
            raise UserError(
                "E106",
                f"no Python package at {str(folder)!r}",
                fix="name the folder that holds the package's __init__.py, as in site-packages/numpy",
            )
        loader = griffe.GriffeLoader(search_paths=[path.parent], allow_inspection=False, store_source=False)
        package = loader.load(path.name, try_relative_path=False)
        loader.resolve_aliases(implicit=True, external=False)
        found = cls(path.name, _version(package, path), {}, {})
        for name, item in _public(package, path.name, 0):
            found.names[name] = None
            if (parameters := _parameters(item)) is not None:
                found.parameters[name] = parameters
        return found


def _version(package: Any, path: Path) -> str:
    said = package.members.get("__version__")
    value = str(getattr(said, "value", "") or "").strip("'\"") if said is not None and not said.is_alias else ""
    if value[:1].isdigit():
        return value
    for info in sorted(path.parent.glob(f"{path.name}-*.dist-info")):
        return info.name.removesuffix(".dist-info").rpartition("-")[2]
    return "another version"


def _public(item: Any, name: str, depth: int) -> Iterator[tuple[str, Any]]:
    yield name, item
    if item.is_alias:
        # A class that is imported from a private module is public under this name, with its methods.
        try:
            target = item.final_target
        except Exception:  # griffe raises several kinds for what it cannot resolve: then the name alone is known
            return
        if not target.is_class:
            return
        item = target
    if depth >= _DEEPEST or not (item.is_module or item.is_class):
        return
    for short, member in sorted((item.all_members if item.is_class else item.members).items()):
        if not short.startswith("_"):
            yield from _public(member, f"{name}.{short}", depth + 1)


def _parameters(item: Any) -> frozenset[str] | None:
    try:
        function = item.final_target if item.is_alias else item
    except Exception:  # as above
        return None
    if not function.is_function:
        return None
    names = [p.name if p.kind.name != "var_keyword" else "**" for p in function.parameters]
    return frozenset(names)


@dataclass(frozen=True, slots=True)
class StaleNames:
    """removed: full name to "removed in 1.24"; parameters: (function, keyword) to the same; known: names by package."""

    removed: Mapping[str, str]
    parameters: Mapping[tuple[str, str], str]
    known: Mapping[str, frozenset[str]]


def load_stale_names(path: str | Path | None, *, builtin: bool = True) -> StaleNames:
    """The built-in names and those of the tables at `path`, a file or a folder of *.json. E106 for what is no table."""
    removed: dict[str, str] = {}
    if builtin:
        for name, (package, version) in STALE_NAMES.items():
            removed[name] = f"removed in {'Python ' if package == 'Python' else ''}{version}"
    parameters: dict[tuple[str, str], str] = {}
    known: dict[str, frozenset[str]] = {}
    for file in _files(path):
        try:
            table = msgspec.json.decode(file.read_bytes(), type=_Table)
        except (OSError, msgspec.DecodeError, msgspec.ValidationError) as error:
            what = f"{file.name} is no API table: {error}"
            raise UserError("E106", what, fix="write it with build_api_table") from error
        word = f"removed in {table.new}"
        removed |= dict.fromkeys(table.removed, word)
        parameters |= {(name, key): word for name, keys in table.removed_parameters.items() for key in keys}
        known[table.package] = frozenset(table.names)
    return StaleNames(removed, parameters, known)


def _files(path: str | Path | None) -> list[Path]:
    if path is None:
        return []
    place = Path(path)
    return sorted(place.glob("*.json")) if place.is_dir() else [place]


def write_api_table(table: Mapping[str, Any], path: str | Path) -> None:
    """One table as a file, the same bytes every time."""
    Path(path).write_text(json.dumps(table, indent=1, sort_keys=True) + "\n", "utf-8")
