"""Step types: what a recipe can be made of. A later kind of step is one more entry in STEPS.

A recipe is a list of named steps. Each section of the file belongs to one step type, which turns it
into steps, says what a step's result depends on (so that it can be skipped), and runs it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from assay.core.errors import UserError, UserErrors
from assay.core.marked import Places
from assay.core.registry import Registry

if TYPE_CHECKING:
    from assay.flows.gates import Gate
    from assay.recipes.caching import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One named step of one recipe."""

    name: str  # "ingest:tickets"
    type: StepType
    params: Any  # an instance of the type's struct
    place: str  # "recipe.yaml:4"
    dataset: str | None = None


def _say_nothing(run: Run, step: Step, known: Any) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class StepType:
    """A kind of step: how its section is read, what it depends on, what it does.

    `reads` and `writes` name what flows between steps ("rows", "signals", "decisions", "verdict"); they
    fix the order. `inputs` names everything the result depends on, as label -> short JSON value; a step
    whose inputs all equal those of its last run, and whose outputs are still there, is not run again.
    """

    name: str
    section: str
    doc: str
    params: type[msgspec.Struct]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    expand: Callable[[Draft, Any], list[Step]]
    inputs: Callable[[Run, Step], dict[str, Any]]
    missing: Callable[[Run, Step, State], str]  # why an output is not usable any more, or ""
    run: Callable[[Run, Step, State | None], dict[str, Any]]  # -> outputs, JSON values
    replay: Callable[[Run, Step, State], None] = _say_nothing  # tell a cached step's results again
    left_out: Callable[[Run, Step, str], None] = _say_nothing  # what follows from not running it
    many: bool = False  # the section is a list; each item becomes its own steps
    shorthand: str | None = None  # the field meant by a section that is not a mapping
    gated: bool = False  # does not run when a gate failed
    forecast: Callable[[Run, Step], str] | None = None  # what it will take, for `assay plan`


STEPS: Registry[StepType] = Registry("step type")


@dataclass(slots=True)
class Draft:
    """A recipe while its sections are read."""

    file: Path
    places: Places
    data: Mapping[str, Any]
    errors: list[UserError] = field(default_factory=list)
    path: tuple[str | int, ...] = ()  # of the section at hand
    datasets: list[str] = field(default_factory=list)  # base names, in the order of the file
    gates: list[Gate] = field(default_factory=list)
    taken: dict[str, int] = field(default_factory=dict)
    checks: list[Callable[[], None]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    def at(self, *more: str | int) -> str:
        return self.places.at((*self.path, *more))

    def wrong(self, code: str, what: str, *more: str | int, fix: str = "") -> None:
        self.errors.append(UserError(code, what, at=self.at(*more), fix=fix))

    def later(self, check: Callable[[], None]) -> None:
        """A check that needs signals or rules. Importing them takes a second, so it is left out for a text that
        has passed before; `check` raises UserError or calls `wrong`."""
        path = self.path

        def placed() -> None:
            self.path = path
            try:
                check()
            except UserErrors as several:
                self.errors += several.errors
            except UserError as one:
                self.errors.append(one)

        self.checks.append(placed)

    def depend(self, file: str | None) -> None:
        """Name a file that the later checks read."""
        if file is not None:
            self.files.append(file)

    def step(self, type_name: str, params: Any, *, part: str | None = None, name: str | None = None) -> Step:
        """A step called `type:part`, or `type:part:2` for the second of them."""
        plain = name or (f"{type_name}:{part}" if part else type_name)
        self.taken[plain] = self.taken.get(plain, 0) + 1
        if self.taken[plain] > 1:
            if name:
                self.wrong("E203", f"two steps are called {name!r}", "name", fix="give each its own name")
            plain = f"{plain}:{self.taken[plain]}"
        return Step(name=plain, type=STEPS.get(type_name), params=params, place=self.at(), dataset=part)

    def chosen(self, wanted: Sequence[str] | None) -> list[str]:
        """The datasets a section is about: those it names, or all of the recipe's."""
        return list(wanted) if wanted else list(self.datasets)


@dataclass(slots=True, kw_only=True)
class Run:
    """What steps are given when they run, and where they put what a caller wants to see."""

    ws: Any
    recipe: Any
    workers: int | None = None
    progress: Any = None
    rehash: bool = False
    run_id: Any = None
    facts: dict[str, list[Any]] = field(default_factory=dict)  # gates, releases, reports, ingests, changes
    files: dict[str, dict[str, str]] = field(default_factory=dict)  # step name -> path -> digest, read once per run

    def tell(self, what: str, fact: Any) -> None:
        self.facts.setdefault(what, []).append(fact)

    def told(self, what: str) -> list[Any]:
        return self.facts.get(what, [])


def ordered(steps: Sequence[Step]) -> list[Step]:
    """By what flows between them: a step runs after every step that writes what it reads; ties keep their order."""
    left, done = list(steps), list[Step]()
    while left:
        pending = {what for step in left for what in step.type.writes}
        ready = [s for s in left if not (set(s.type.reads) - set(s.type.writes)) & pending]
        if not ready:
            raise RuntimeError(f"step types wait for each other: {', '.join(s.type.name for s in left)}")
        done += ready
        left = [step for step in left if step not in ready]
    return done
