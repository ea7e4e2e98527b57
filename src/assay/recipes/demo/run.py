"""`assay demo`: the main job, end to end, on text that is on every machine."""

from __future__ import annotations

import shutil
import time
from importlib import resources
from pathlib import Path

from assay.core.errors import UserError
from assay.core.results import Result
from assay.engine import Progress
from assay.recipes.demo.texts import write_sources
from assay.release import VerifyResult, verify
from assay.store import Workspace

_MARK = "made by assay demo; it is deleted and made anew by the next one\n"


class DemoResult(Result, frozen=True, kw_only=True):
    """`records`: read, by dataset and kind; `scorecard`: share that passed per dimension, null where not measured."""

    folder: str
    seconds: float
    read: int
    kept: int
    dropped: int
    review: int
    scorecard: dict[str, float | None]
    steps: list[str]
    report: str
    release: str
    verified: bool
    next: list[str]

    @property
    def exit_code(self) -> int:
        return 0 if self.verified else 1

    def lines(self) -> list[str]:
        bars = [_bar(name, share) for name, share in self.scorecard.items()]
        return [
            *self.steps,
            "",
            f"{self.read:,} records read: {self.kept:,} kept, {self.dropped:,} dropped, {self.review:,} to review",
            *bars,
            "",
            f"report   {self.report}",
            f"release  {self.release}  ({'verified' if self.verified else 'NOT verified'})",
            f"in {self.seconds:.0f} s. Try next:",
            *(f"  {command}" for command in self.next),
        ]


def _bar(name: str, share: float | None) -> str:
    if share is None:
        return f"  {name:13} not measured"
    return f"  {name:13} {'█' * round(share * 40):40} {share:6.1%}"


def demo(folder: Path, *, workers: int | None = None, progress: Progress | None = None) -> DemoResult:
    """Collect texts, run the recipe, verify the release. `folder` is emptied first if an earlier demo made it."""
    from assay.recipes import run_recipe

    started = time.monotonic()
    _fresh(folder)
    write_sources(folder / "sources")
    recipe = folder / "recipe.yaml"
    recipe.write_text(resources.files("assay.recipes.demo").joinpath("recipe.yaml").read_text("utf-8"), "utf-8")
    ws = Workspace.init(folder / ".assay")
    ran = run_recipe(ws, recipe, workers=workers, progress=progress)
    release = Path(ran.releases[0].path) if ran.releases else folder / "release"
    checked: VerifyResult | None = verify(release) if ran.releases else None
    ...
