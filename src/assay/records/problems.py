"""The validity rules of every kind, over table rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.records.kind import KINDS, Problem


def find_problems(kind: str, row: Mapping[str, Any]) -> list[Problem]:
    """Which of its kind's own rules a row breaks. A null is never a problem: that is completeness, not validity."""
    return KINDS.get(kind).problems(row)
