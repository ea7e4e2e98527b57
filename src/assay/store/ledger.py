"""The ledger: one SQLite file with everything that is not rows. History of datasets, and a journal of the rest."""

from __future__ import annotations

from assay.store.ledger_history import CatalogueEntry, History, Intent, StagedItem, Version
from assay.store.ledger_journal import Journal, QuarantineEntry, Run, SavedDecisions

__all__ = [
    "CatalogueEntry",
    "History",
    "Intent",
    "Journal",
    "Ledger",
    "QuarantineEntry",
    "Run",
    "SavedDecisions",
    "StagedItem",
    "Version",
]


class Ledger(History, Journal):
    """Every method is one transaction, unless it is handed the `tx` of a larger one."""
