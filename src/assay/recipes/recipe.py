"""Reads a recipe file into named steps, or raises all its mistakes at once with their lines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Protocol

from assay.core.errors import UserError, UserErrors
from assay.core.ids import sha256_file, sha256_hex
from assay.core.marked import Places, load_marked
from assay.flows.gates import Gate
from assay.recipes.inputs import code_digest
from assay.recipes.sections import read_section, unknown_key
from assay.recipes.steps import STEPS, Draft, Step, StepType, ordered

PLAIN_KEYS = ("name", "as_of", "datasets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A recipe as read. Paths in it are relative to the folder of its file."""

    file: Path
    name: str
    as_of: str | None  # "2025-11-20T00:00:00Z"; what "now" is for every time rule
    datasets: tuple[str, ...]
    steps: tuple[Step, ...]
    gates: tuple[Gate, ...]
    places: Places
    digest: str  # sha256 of the file

    def resolve(self, path: str) -> str:
        """A path of the recipe: URLs and absolute paths as they stand, others from the recipe's folder."""
        return path if "://" in path or Path(path).is_absolute() else str(self.file.parent / path)


class Trust(Protocol):
    """Remembers texts that passed every check, so that signals and rules are not imported to check them again."""

    def known(self, key: str) -> bool: ...
    def add(self, key: str) -> None: ...


def load_recipe(path: str | Path, trust: Trust | None = None) -> Recipe:
    """Read and check a recipe. Raises UserError E200 (cannot be read) or UserErrors (all that is wrong in it)."""
    file = Path(path).absolute()
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UserError("E200", f"cannot read the recipe: {error.strerror}", at=str(path)) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError("E201", f"not UTF-8: byte {error.start}", at=str(path), fix="save it as UTF-8") from None
    return read_recipe(text, file, shown=str(path), trust=trust)


def read_recipe(text: str, file: Path, *, shown: str | None = None, trust: Trust | None = None) -> Recipe:
    """As load_recipe, from text; relative paths are relative to the folder of `file`."""
    value, places = load_marked(text, shown or file.name)
    if not isinstance(value, dict):
        fix = f"keys: {', '.join((*PLAIN_KEYS, *(t.section for t in STEPS)))}"
        raise UserError("E203", "a recipe must be a mapping", at=places.at(), fix=fix)
    draft = Draft(file=file, places=places, data=value)
    sections = {step_type.section: step_type for step_type in STEPS}
    for key in value:
        if key not in sections and key not in PLAIN_KEYS:
            draft.errors.append(unknown_key(str(key), (*PLAIN_KEYS, *sections), "a recipe", places.at((key,))))
    name, as_of = _name(draft), _as_of(draft)
    _datasets(draft)
    steps = [step for step_type in STEPS for step in _read(draft, step_type)]
    if not steps and not draft.errors:
        draft.wrong("E203", "a recipe without steps", fix=f"add one of {', '.join(sections)}")
    _check_names(draft, text, trust)
    if draft.errors:
        raise UserErrors(sorted(draft.errors, key=_by_line))
    return Recipe(
        file=file,
        name=name,
        as_of=as_of,
        datasets=tuple(draft.datasets),
        steps=tuple(ordered(steps)),
        gates=tuple(draft.gates),
        places=places,
        digest=sha256_hex(text.encode()),
    )


def _check_names(draft: Draft, text: str, trust: Trust | None) -> None:
    """Names of signals, rules and columns, unless this text, with these rule files and this code, passed before."""
    contents = [_content(file) for file in draft.files]
    code = code_digest(
        "recipes", "rules", "signals", "transforms", "records", "formats", "flows/gates.py", "flows/gate_rows.py"
    )
    key = sha256_hex("\0".join([text, *contents, code]).encode())
    if not draft.errors and trust is not None and trust.known(key):
        return
    for check in draft.checks:
        check()
    if not draft.errors and trust is not None:
        trust.add(key)


def _content(file: str) -> str:
    try:
        return sha256_file(file)
    except OSError:
        return "cannot be read"


def _read(draft: Draft, step_type: StepType) -> list[Step]:
    if step_type.section not in draft.data:
        return []
    value = draft.data[step_type.section]
    draft.path = (step_type.section,)
    if not step_type.many:
        return _expand(draft, step_type, _plain(step_type, value))
    if not isinstance(value, list) or not value:
        draft.wrong("E203", f"{step_type.section} must be a list with at least one entry", fix="begin each with `- `")
        return []
    steps: list[Step] = []
    for index, item in enumerate(value):
        draft.path = (step_type.section, index)
        steps += _expand(draft, step_type, item)
    return steps


def _plain(step_type: StepType, value: Any) -> Any:
    """The mapping meant by a section: `decide: default` is `decide: {rules: default}`, `measure:` alone is {}."""
    if value is None:
        return {}
    return value if isinstance(value, dict) or step_type.shorthand is None else {step_type.shorthand: value}


def _expand(draft: Draft, step_type: StepType, value: Any) -> list[Step]:
    params = read_section(step_type.params, value, draft.path, draft.places, draft.errors)
    return [] if params is None else step_type.expand(draft, params)


def _name(draft: Draft) -> str:
    name = draft.data.get("name", draft.file.stem)
    if not isinstance(name, str) or not name.strip():
        draft.wrong("E203", f"the recipe's name must be a text, got {name!r}", "name")
        return draft.file.stem
    return name


def _datasets(draft: Draft) -> None:
    """The datasets of the recipe: those its sources fill, then those it names because they are there already."""
    named = draft.data.get("datasets", [])
    if not isinstance(named, list) or not all(isinstance(item, str) for item in named):
        draft.wrong("E203", "datasets must be a list of names", "datasets", fix="such as [tickets]")
        named = []
    sources = draft.data.get("sources")
    filled = [s.get("dataset") for s in sources if isinstance(s, Mapping)] if isinstance(sources, list) else []
    draft.datasets = list(dict.fromkeys(n for n in (*filled, *named) if isinstance(n, str)))
    if not draft.datasets and "sources" not in draft.data:
        draft.wrong(
            "E203", "a recipe needs sources, or datasets that are in the workspace already", fix="add `sources:`"
        )


def _as_of(draft: Draft) -> str | None:
    value = draft.data.get("as_of")
    if value is None:
        return None
    try:
        if isinstance(value, str):
            value = dt.datetime.fromisoformat(value)
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            value = dt.datetime(value.year, value.month, value.day)
        if not isinstance(value, dt.datetime):
            raise ValueError
    except ValueError:
        fix = "write the date itself, such as 2025-11-20: a rerun must give the same answer"
        draft.wrong("E203", f"as_of must be a date or a time, got {value!r}", "as_of", fix=fix)
        return None
    value = value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
    return value.isoformat().replace("+00:00", "Z")


def _by_line(error: UserError) -> tuple[str, int]:
    file, _, line = error.at.rpartition(":")
    return (file, int(line)) if line.isdigit() else (error.at, 0)


def select_steps(steps: Sequence[Step], select: Iterable[str], exclude: Iterable[str]) -> dict[str, str]:
    """Names of the steps not to run, and why. A name is a step's, its type's, or a pattern with *.

    Raises UserErrors E204 for every name that is no step, with the nearest one.
    """
    errors: list[UserError] = []

    def match(wanted: Iterable[str], option: str) -> set[str]:
        found: set[str] = set()
        for name in wanted:
            hits = {s.name for s in steps if name in (s.name, s.type.name) or fnmatchcase(s.name, name)}
            if not hits:
                known = list(dict.fromkeys([s.name for s in steps] + [s.type.name for s in steps]))
                near = get_close_matches(name, known, n=1)
                fix = f"did you mean {near[0]!r}?" if near else f"one of {', '.join(known)}"
                errors.append(UserError("E204", f"the recipe has no step called {name!r}", at=option, fix=fix))
            found |= hits
        return found

    chosen, left_out = match(select, "--select"), match(exclude, "--exclude")
    if errors:
        raise UserErrors(errors)
    reasons: dict[str, str] = {}
    for step in steps:
        if step.name in left_out:
            reasons[step.name] = "excluded by --exclude"
        elif chosen and step.name not in chosen:
            reasons[step.name] = "not named by --select"
    return reasons
