"""How good near-duplicate detection is: curve, planted edits, templates, labelled pairs; results as JSON and plots.

python -m benchmarks.quality_dedup [--quick]
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from tests.conftest import find_shared_data
from tests.dedup.curve import Bin, curve
from tests.dedup.gold import all_gold, judged, three_versions
from tests.dedup.planted import detect, planted
from tests.dedup.quality import by_title, by_way, english, random_originals, real_originals, templates

from assay.dedup.near import NearParams

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "dedup_quality.json"
IMAGES = ROOT / "docs" / "images"
STYLE = """<style>
svg{font:12px system-ui,sans-serif;background:#fff;fill:#24292f}
.axis{stroke:#8c959f;fill:none}.grid{stroke:#d0d7de;stroke-dasharray:2 3}
.exact{stroke:#0969da}.found{stroke:#bc4c00}.line{fill:none;stroke-width:2}.dash{stroke-dasharray:5 3}
.dot{fill:#bc4c00}.muted{fill:#57606a}.title{font-weight:600}
@media(prefers-color-scheme:dark){svg{background:#0d1117;fill:#e6edf3}.grid{stroke:#30363d}.muted{fill:#8d96a0}
.exact{stroke:#58a6ff}.found{stroke:#f0883e}.dot{fill:#f0883e}}
</style>"""


class Panel:
    """A plot of shares between 0 and 1 over similarity from `low` to 1."""

    def __init__(self, x: float, y: float, width: float, height: float, low: float) -> None:
        self.left, self.top, self.width, self.height, self.low = x, y, width, height, low

    def x(self, value: float) -> float:
        return self.left + (value - self.low) / (1 - self.low) * self.width

    def y(self, share: float) -> float:
        return self.top + (1 - share) * self.height

    def frame(self, title: str, step: float) -> Iterable[str]:
        yield f'<text class="title" x="{self.left:.1f}" y="{self.top - 10:.1f}">{escape(title)}</text>'
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            name = "axis" if share == 0 else "grid"
            y = self.y(share)
            right, label = self.left + self.width, f"{100 * share:.0f} %"
            yield f'<line class="{name}" x1="{self.left:.1f}" x2="{right:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
            yield f'<text class="muted" text-anchor="end" x="{self.left - 6:.1f}" y="{y + 4:.1f}">{label}</text>'
        for i in range(round((1 - self.low) / step) + 1):
            value = self.low + i * step
            yield (
                f'<text class="muted" text-anchor="middle" x="{self.x(value):.1f}" '
                f'y="{self.top + self.height + 16:.1f}">{value:.1f}</text>'
            )

    def line(self, points: Sequence[tuple[float, float | None]], name: str) -> str:
        known = [(x, y) for x, y in points if y is not None]
        at = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in known)
        return f'<polyline class="line {name}" points="{at}"/>'


def page(width: int, height: int, label: str, parts: Iterable[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img" '
        f'aria-label="{escape(label)}">{STYLE}{"".join(parts)}</svg>\n'
    )


def curve_plot(bins: Sequence[Bin], params: NearParams) -> str:
    panel = Panel(60, 40, 560, 260, 0.5)
    parts = list(panel.frame("Pairs that share a band, by their exact similarity", 0.1))
    grid = np.linspace(0.5, 1, 101)
    parts.append(panel.line([(float(s), float(params.detection(s))) for s in grid], "exact"))
    for one in bins:
        middle = (one.low + one.high) / 2
        said = (
            f"{one.low:.2f} to {one.high:.2f}: found {one.found:.4f}, expected {one.expected:.4f}, {one.pairs:,} pairs"
        )
        parts.append(
            f'<circle class="dot" r="4" cx="{panel.x(middle):.1f}" cy="{panel.y(one.found):.1f}">'
            f"<title>{said}</title></circle>"
        )
    x = panel.x(0.8)
    parts.append(f'<line class="axis dash" x1="{x:.1f}" x2="{x:.1f}" y1="40" y2="300"/>')
    parts.append(f'<text class="muted" x="{x + 5:.1f}" y="292">threshold</text>')
    parts.append('<line class="line exact" x1="70" x2="96" y1="62" y2="62"/>')
    parts.append(f'<text x="102" y="66">1 - (1 - s^{params.rows})^{params.bands}</text>')
    parts.append(
        f'<circle class="dot" r="4" cx="83" cy="82"/><text x="102" y="86">measured, {bins[0].pairs:,} pairs each</text>'
    )
    parts.append(
        '<text class="muted" x="340" y="334" text-anchor="middle">exact Jaccard similarity of word 5-grams</text>'
    )
    return page(660, 346, "The detection curve, theory and measurement", parts)


def gold_plot(found: Sequence[dict[str, Any]]) -> str:
    shown = [one for one in found if one["size"] == 5]
    parts = []
    for place, one in enumerate(shown):
        panel = Panel(62 + place % 3 * 300, 76 + place // 3 * 220, 210, 130, 0.3)
        parts += panel.frame(f"{one['name']} ({one['same']:,} same)", 0.1)
        for name, style in (("exact", "exact"), ("proposed", "found")):
            for what, dash in (("precision", " dash"), ("recall", "")):
                points = [(row["threshold"], row[f"{what}_{name}"]) for row in one["curve"]]
                parts.append(panel.line(points, style + dash))
    for x, style, name in (
        (62, "exact", "recall, all pairs"), (262, "exact dash", "precision, all pairs"),
        (482, "found", "recall, compared"), (682, "found dash", "precision, compared"),
    ):  # fmt: skip
        parts.append(
            f'<line class="line {style}" x1="{x}" x2="{x + 30}" y1="26" y2="26"/>'
            f'<text x="{x + 38}" y="30">{name}</text>'
        )
    height = 66 + -(-len(shown) // 3) * 220
    parts.append(
        f'<text class="muted" x="460" y="{height - 8}" text-anchor="middle">'
        "threshold on exact Jaccard similarity</text>"
    )
    return page(940, height, "Precision and recall over thresholds on labelled pairs", parts)


def said(name: str, rows: Iterable[Any]) -> None:
    print(name)
    for row in rows:
        print(f"  {row}")


def measured(quick: bool, shared: Path | None) -> dict[str, Any]:
    params = NearParams()
    pairs = 20_000 if quick else 100_000
    bins = list(curve(0.05, pairs, params))
    said("detection curve", (one.as_json for one in bins))
    out: dict[str, Any] = {"params": params.settings, "curve": [one.as_json for one in bins]}
    out["largest_gap"] = round(max(abs(one.found - one.expected) for one in bins), 5)
    out["largest_bias"] = round(max(abs(one.bias) for one in bins), 6)
    (IMAGES / "dedup_curve.svg").write_text(curve_plot(bins, params), "utf-8")
    sources: dict[str, Callable[[], list[list[str]]]] = {"random words": lambda: random_originals(60 if quick else 300)}
    if shared is not None:
        docs = english(shared)
        sources["real documents"] = lambda: real_originals(docs, 60 if quick else 300)
    out["planted"] = {}
    for name, originals in sources.items():
        recall, table = by_way(planted(originals()), params)
        out["planted"][name] = {**asdict(recall), "ways": table}
        said(f"planted in {name}: {recall}", table)
    out["templates"] = templates((2, 3, 5, 20) if quick else (2, 3, 5, 20, 500))
    said("templates", out["templates"])
    if shared is not None:
        out["titles"] = [by_title(docs, threshold) for threshold in (0.6, 0.7, 0.8)]
        said("pages by title", out["titles"])
        gold = [judged(one, size) for one in all_gold(shared) for size in (5, 2) if size == 5 or one.numbers]
        out["gold"] = gold
        said("labelled pairs", gold)
        out["three_versions"] = of_versions(shared)
        said("three versions", [out["three_versions"]])
        (IMAGES / "dedup_gold.svg").write_text(gold_plot(gold), "utf-8")
    return out


def of_versions(shared: Path) -> dict[str, int]:
    texts, names = three_versions(shared)
    found = detect(texts, numbers_matter=False)
    pairs = [(row, kept) for row, kept in enumerate(found.keeper.tolist()) if row != kept]
    return {
        "pages": len(texts),
        "near": len(pairs),
        "dropped_same": sum(names[a] == names[b] and int(found.values[a]) == 0 for a, b in pairs),
        "dropped_other": sum(names[a] != names[b] and int(found.values[a]) == 0 for a, b in pairs),
        "kept_same": sum(names[a] == names[b] and int(found.values[a]) > 0 for a, b in pairs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer pairs, nothing stored but the plots")
    asked = parser.parse_args()
    random.seed(0)
    found = measured(asked.quick, find_shared_data())
    if not asked.quick:
        RESULTS.write_text(json.dumps(found, indent=1, default=int) + "\n", "utf-8")


if __name__ == "__main__":
    main()
