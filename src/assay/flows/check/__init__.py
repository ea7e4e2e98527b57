"""`assay check`: what is in these files and what is wrong with it. No workspace, no configuration, no network."""

from __future__ import annotations

from assay.flows.check.results import Baseline, CheckResult, FileRead, NotMeasured, Problem, Proof, Tokens
from assay.flows.check.run import check

__all__ = ["Baseline", "CheckResult", "FileRead", "NotMeasured", "Problem", "Proof", "Tokens", "check"]
