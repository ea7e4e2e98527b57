"""House rules that a reviewer should not have to repeat."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_file_fits_in_one_sitting(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 400, "split it by noun"


def test_every_error_code_has_a_page() -> None:
    from assay.core.errors import CODES

    pages = {page.stem for page in (ROOT / "docs" / "errors").glob("E*.md")}
    assert pages == set(CODES)
