"""Quality models and rubric scores of a workspace: `ws.quality.train(...)`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.flows.quality import QualityList, QualityModel
    from assay.flows.rubric import RubricResult
    from assay.store import Workspace as Store


class Quality:
    """What this workspace knows of good and bad texts."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def train(self, name: str, good: Sequence[str], bad: Sequence[str], *, seed: int = 0) -> QualityModel:
        """Learn to tell the texts of `good` from those of `bad`: files, or datasets of this workspace.

        Afterwards `ws["web"].measure(only=["quality_score"], params={"model": name})` scores any dataset.
        """
        from assay.flows.quality import train

        return train(self.store, name, good, bad, seed=seed)

    def list(self) -> QualityList:
        """Every model trained here, with its held-out AUC."""
        from assay.flows.quality import models

        return models(self.store)

    def score(
        self,
        dataset: str,
        rubric: str | Path,
        endpoint: str,
        model: str,
        *,
        key: str | None = None,
        budget: float | None = None,
        price_in: float = 0.0,
        price_out: float = 0.0,
        calls: int = 4,
        out: str | Path | None = None,
    ) -> RubricResult:
        """Put a rubric's question about every record to a model behind an OpenAI-compatible endpoint.

        `endpoint` ends before /chat/completions. `key` is sent and never stored. `budget` and prices (for a million
        tokens) are in one currency; no new call is made once the budget is spent.
        """
        from assay.flows.rubric import score
        from assay.providers import Endpoint, Price, load_rubric

        price = Price(input=price_in, output=price_out)
        provider = Endpoint(endpoint, model, key=key)
        return score(
            self.store, dataset, load_rubric(rubric), provider, budget=budget, price=price, calls=calls, out=out
        )
