"""How far two judges of the same texts agree: kappa, precision and recall of the rarer verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Agreement:
    n: int
    base: float  # share of texts that the original drops
    both: int
    only_original: int
    only_ours: int

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa; None where either says the same of every text and so nothing can be told by chance."""
        ours, original = self.both + self.only_ours, self.both + self.only_original
        chance = (ours * original + (self.n - ours) * (self.n - original)) / self.n**2
        if chance == 1:
            return None
        same = 1 - (self.only_ours + self.only_original) / self.n
        return (same - chance) / (1 - chance)

    @property
    def rare(self) -> tuple[float, float] | None:
        """Precision and recall of the verdict that the original gives less often; None where it never gives it."""
        found = self.both if self.base <= 0.5 else self.n - self.both - self.only_ours - self.only_original
        missed, wrong = self.only_original, self.only_ours
        if self.base > 0.5:
            missed, wrong = wrong, missed
        if found + missed == 0:
            return None
        return (found / (found + wrong) if found + wrong else 0.0), found / (found + missed)


def agreement(original: Sequence[bool | None], ours: Sequence[bool]) -> Agreement:
    """Of the texts on which the original says anything."""
    pairs = [(a, b) for a, b in zip(original, ours, strict=True) if a is not None]
    both = sum(a and b for a, b in pairs)
    first, second = sum(a for a, _ in pairs), sum(b for _, b in pairs)
    return Agreement(len(pairs), first / len(pairs), both, first - both, second - both)


def thresholds(values: Sequence[float | None]) -> list[float]:
    """Quantiles of a sample, between which its values differ: where a rule that never fires there would."""
    known = sorted(v for v in values if v is not None)
    found = {known[int(q * (len(known) - 1))] for q in (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)} if known else set()
    return sorted(t for t in found if known[0] < t < known[-1])
