"""Versioned tables, blobs and the ledger of a workspace. Only flows (and what lies above them) use it."""

from __future__ import annotations

from assay.store.append import AppendJob, Staged
from assay.store.blobs import Blobs
from assay.store.dataset import Dataset
from assay.store.diff import Changed, Diff
from assay.store.fsck import Finding
from assay.store.ledger import Ledger, QuarantineEntry, Run, SavedDecisions, Version
from assay.store.measure import MeasureJob, SignalColumn, SignalSpec
from assay.store.table import FragmentInfo
from assay.store.workspace import Workspace

__all__ = [
    "AppendJob",
    "Blobs",
    "Changed",
    "Dataset",
    "Diff",
    "Finding",
    "FragmentInfo",
    "Ledger",
    "MeasureJob",
    "QuarantineEntry",
    "Run",
    "SavedDecisions",
    "SignalColumn",
    "SignalSpec",
    "Staged",
    "Version",
    "Workspace",
]
