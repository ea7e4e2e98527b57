"""`assay demo`: the main job, end to end, on text that is on every machine."""

from __future__ import annotations

import shutil
import time
from importlib import resources
from pathlib import Path

from assay.core.errors import UserError
from assay.core.results import Result
from assay.engine import Progress
from assay.flows.gates import DIMENSIONS
from assay.flows.report import DimensionScore
from assay.recipes.demo.texts import write_sources
from assay.recipes.run import run_recipe
from assay.release import verify
from assay.store import Workspace

_MARK = "MADE_BY_DEMO"


class DemoResult(Result, frozen=True, kw_only=True):
    """`scorecard`: share of records that passed per dimension, null where not measured; `run`: what each step said."""

    folder: str
    seconds: float
    read: int
    kept: int
    dropped: int
    review: int
    scorecard: dict[str, DimensionScore]
    run: list[str]
    report: str
    release: str
    verified: bool
    next: list[str]

    @property
    def exit_code(self) -> int:
        return 0 if self.verified else 1

    def lines(self) -> list[str]:
        bars = [_bar(name, score, self.read) for name, score in self.scorecard.items()]
        return [
            *self.run,
            "",
            f"{self.read:,} records read: {self.kept:,} kept, {self.dropped:,} dropped, {self.review:,} to review",
            *bars,
            "",
            f"report   {self.report}",
            f"release  {self.release}  ({'verified' if self.verified else 'NOT verified'})",
            f"in {self.seconds:.0f} s. Try next:",
            *(f"  {command}" for command in self.next),
        ]


def _bar(name: str, score: DimensionScore, records: int) -> str:
    if score.share is None:
        return f"  {name:13} not measured"
    rest = f"  {records - score.judged:,} records not judged" if score.judged < records else ""
    return f"  {name:13} {'█' * round(score.share * 30):30} {score.share:6.1%}{rest}"


def demo(folder: Path, *, workers: int | None = None, progress: Progress | None = None) -> DemoResult:
    """Collect texts, run the recipe, verify the release. A `folder` that an earlier demo made is emptied first.

    Raises UserError E603 where `folder` holds something else.
    """
    started = time.monotonic()
    _fresh(folder)
    write_sources(folder / "sources")
    recipe = folder / "recipe.yaml"
    recipe.write_text(resources.files("assay.recipes.demo").joinpath("recipe.yaml").read_text("utf-8"), "utf-8")
    home = folder / ".assay"
    ran = run_recipe(Workspace.init(home), recipe, workers=workers, progress=progress)
    counts = {step.name.partition(":")[0]: step.counts for step in ran.steps}
    decided, scores = counts["decide"], counts["report"]
    release = Path(ran.releases[0].path) if ran.releases else None
    return DemoResult(
        folder=str(folder),
        seconds=round(time.monotonic() - started, 2),
        read=sum(step.counts.get("read", 0) for step in ran.steps),
        kept=decided["kept"],
        dropped=decided["dropped"],
        review=decided["review"],
        scorecard={name: DimensionScore(**scores[name]) for name in DIMENSIONS},
        run=ran.lines(),
        report=ran.reports[0],
        release=str(release or ""),
        verified=release is not None and verify(release).ok,
        next=[
            f"assay -w {home} show demo.reasoning reason_000",
            f"assay -w {home} plan {recipe}",
            "assay check YOUR_FILE.jsonl --prove",
        ],
    )


def _fresh(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / _MARK).is_file():
            raise UserError("E603", f"{folder} is not a folder of the demo's", fix="name a new one with --folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARK).write_text("This folder was made by `assay demo`; the next demo deletes it.\n", "utf-8")
