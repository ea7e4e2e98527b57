"""docs/reference is what the registries say now; docs name only commands and files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from assay.cli.reference import pages

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "docs" / "reference"
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_committed_reference_is_what_make_docs_writes() -> None:
    written = pages()
    assert {path.name for path in COMMITTED.glob("*.md")} == set(written)
    stale = [name for name, text in written.items() if (COMMITTED / name).read_text("utf-8") != text]
    assert not stale, "run `make docs`"


@pytest.mark.parametrize("page", DOCS, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_local_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    broken = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not broken


@pytest.mark.parametrize("page", DOCS, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_command_and_option_in_the_docs_exists(page: Path) -> None:
    known = {
        command: set(re.findall(r"`(-[^`]+)`", body)) | {"--json", "--workers", "-w", "--help", "--version"}
        for command, body in re.findall(r"## assay ([\w ]+)\n(.*?)(?=\n## |\Z)", pages()["commands.md"], re.DOTALL)
    }
    options = {command: {o for group in found for o in group.split(", ")} for command, found in known.items()}
    for line in re.findall(r"^(?:    |\$ |\.venv/bin/)+(assay .*)$", page.read_text("utf-8"), re.MULTILINE):
        words = re.sub(r"#.*", "", line).split()
        pairs = [" ".join(words[i : i + 2]) for i in range(1, len(words))]
        verb = next((w for w in (*pairs, *words[1:]) if w in options), None)
        if len(words) == 2 and words[1].startswith("-"):
            continue
        assert verb, f"no such command: {line}"
        used = {w.partition("=")[0] for w in words if re.match(r"^--?[a-z]", w)}
        assert used <= options[verb], f"no such option: {line}"
