"""Real text that is on every machine with Python: its standard library, package descriptions, licences."""

from __future__ import annotations

import json
import sysconfig
from importlib import metadata
from pathlib import Path
from random import Random

from assay.recipes.demo.worlds import WORLDS, png

_SKIPPED = {"test", "tests", "idlelib", "lib2to3", "site-packages", "dist-packages", "__pycache__", "turtledemo"}
_LICENCE_NAMES = ("license", "licence", "copying", "notice")
RECORDS_PER_WORLD = 300
SEED = 7


def write_sources(folder: Path) -> None:
    """Fill `folder` with code/, docs/, legal/ and one JSONL file per small world."""
    _standard_library(folder / "code")
    _package_texts(folder / "docs", folder / "legal")
    worlds = folder / "worlds"
    worlds.mkdir(parents=True)
    for name, (world, _, _) in WORLDS.items():
        lines = [json.dumps(record, ensure_ascii=False) for record in world(Random(SEED), RECORDS_PER_WORLD)]
        (worlds / f"{name}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    _pictures(worlds)


def _standard_library(target: Path) -> None:
    root = Path(sysconfig.get_path("stdlib"))
    for path in sorted(root.rglob("*.py")):
        place = path.relative_to(root)
        if not _SKIPPED.intersection(place.parts):
            _write(target / place, path.read_bytes())


def _package_texts(docs: Path, legal: Path) -> None:
    for package in sorted(metadata.distributions(), key=lambda d: (d.metadata["Name"] or "").lower()):
        name = package.metadata["Name"]
        # the long description is the body of the METADATA message
        body = (package.read_text("METADATA") or "").partition("\n\n")[2]
        if body.strip():
            _write(docs / f"{name}.md", body.encode("utf-8", "replace"))
        for file in package.files or ():
            if file.name.lower().startswith(_LICENCE_NAMES) and ".dist-info" in str(file.parent):
                path = Path(str(package.locate_file(file)))
                if path.is_file():
                    _write(legal / name / f"{file.stem}.txt", path.read_bytes())


def _pictures(worlds: Path) -> None:
    rng = Random(SEED)
    lines = []
    for number in range(60):
        data, colour = png(rng)
        _write(worlds / "images" / f"tile_{number:02}.png", data)
        record = {
            "id": f"multi_{number:03}",
            "text_description": f"A plain {colour} tile, 16 by 16" if number % 20 else "",
            "image_path": f"images/tile_{number:02}.png",
            "label": colour,
        }
        lines.append(json.dumps(record))
    (worlds / "pictures.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
