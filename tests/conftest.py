"""Shared by all tests: where the real data lies, and Hypothesis without a deadline (a kernel's first call compiles)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("repo", deadline=None, print_blob=True)
# In CI the same examples every time: whoever changes code explores, whoever lands it is judged on what is written.
settings.register_profile("ci", settings.get_profile("repo"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "repo")

ROOT = Path(__file__).resolve().parents[1]


def find_shared_data() -> Path | None:
    named = os.environ.get("ASSAY_SHARED_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    return folder if (folder / "MANIFEST.json").is_file() else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real public files, or a skip that says why."""
    folder = find_shared_data()
    if folder is None:
        pytest.skip("no shared data: neither ../shared/data nor ASSAY_SHARED_DATA holds a MANIFEST.json")
    return folder
