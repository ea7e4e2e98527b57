"""Which extractor finds a page's text: words found and words wrong, and speed, of resiliparse and trafilatura.

    python benchmarks/extract_html.py /path/to/shared/data

Truth: pages built here around real prose (navigation, cookie banner, sidebar, related links, footer are noise), and
real documentation fragments that hold nothing but content, where every visible word counts.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from lxml import etree
from lxml import html as lxml_html

from assay.formats.extract import EXTRACTORS, extract

_MENU = ["Home", "Products", "Pricing", "About us", "Contact", "Careers", "Log in", "Sign up", "Blog", "Support"]
_LAYOUTS = ("article", "divs", "table", "list")
_NOISE = "We use cookies to improve your experience. Accept all Reject all Manage preferences"


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.lower()))


def score(found: str, truth: str) -> tuple[float, float]:
    a, b = words(found), words(truth)
    both = (a & b).total()
    return both / max(a.total(), 1), both / max(b.total(), 1)


def built_pages(texts: list[str]) -> list[tuple[str, str]]:
    """Four layouts by turns: article, div soup, table layout, list and code."""
    rng, pages = random.Random(7), []
    for number, text in enumerate(texts):
        paragraphs = [p for p in text.split("\n\n") if p.strip()]
        title = f"Story number {number}"
        menu = "".join(f'<li><a href="/{w}">{w}</a></li>' for w in rng.sample(_MENU, 7))
        related = "".join(f'<li><a href="/r{i}">Another story {i} you may like</a></li>' for i in range(6))
        p = [re.sub(r"[<>&]", "", each) for each in paragraphs]
        body = {
            0: "<article><h1>{t}</h1>" + "".join(f"<p>{each}</p>" for each in p) + "</article>",
            1: "<div class=content><div class=title>{t}</div>" + "".join(f"<div>{each}</div>" for each in p) + "</div>",
            2: "<table><tr><td class=main><h1>{t}</h1>" + "<br><br>".join(p) + "</td></tr></table>",
            3: "<main><h1>{t}</h1><ul>" + "".join(f"<li>{each}</li>" for each in p) + "</ul><pre>x = 1</pre></main>",
        }[number % 4].replace("{t}", title)
        page = (
            f"<html><head><title>{title}</title><script>var a = 1;</script></head><body><nav><ul>{menu}</ul></nav>"
            f"<div id=cookie-banner>{_NOISE}</div>{body}<aside class=sidebar><ul>{related}</ul></aside>"
            f"<footer>Copyright 2024 Example Inc. Terms Privacy Imprint</footer></body></html>"
        )
        truth = " ".join([title, *p, *(["x = 1"] if number % 4 == 3 else [])])
        pages.append((page, truth))
    return pages


def real_pages(folder: Path) -> list[tuple[str, str]]:
    pages = []
    for file in sorted(folder.rglob("*.html")):
        text = file.read_text("utf-8", "replace")
        tree = lxml_html.fromstring(f"<html><body>{text}</body></html>")
        etree.strip_elements(tree, "script", "style", etree.Comment, with_tail=False)
        pages.append((text, " ".join(tree.itertext())))
    return pages


def main(data: Path) -> dict[str, Any]:
    texts = []
    for file in sorted((data / "composite-markdown").rglob("*.md")) + sorted((data / "composite-wiki").rglob("*")):
        if file.is_file() and file.suffix in (".md", ".txt"):
            plain = re.sub(r"[#*`_\[\]|]", "", file.read_text("utf-8", "replace"))
            if len(plain) > 500:
                texts.append(plain[:20_000])
    built = built_pages(texts[:80])
    sets = {f"built: {name}": built[number::4] for number, name in enumerate(_LAYOUTS)}
    sets["kafka-site"] = [page for page in real_pages(data / "composite-html") if words(page[1]).total() > 20]
    out: dict[str, Any] = {}
    for set_name, pages in sets.items():
        size = sum(len(page.encode()) for page, _ in pages)
        for name in EXTRACTORS:
            extract(pages[0][0].encode(), extractor=name)
            started = time.process_time()
            found = [extract(page.encode(), extractor=name).text or "" for page, _ in pages]
            seconds = time.process_time() - started
            scores = [score(text, truth) for text, (_, truth) in zip(found, pages, strict=True)]
            precision, recall = (sum(s[i] for s in scores) / len(scores) for i in (0, 1))
            out[f"{set_name} {name}"] = {
                "pages": len(pages),
                "html_mb": round(size / 1e6, 2),
                "precision": round(precision, 4),
                "recall": round(recall, 4),
                "empty": sum(not text.strip() for text in found),
                "html_mb_per_s": round(size / 1e6 / seconds, 1),
            }
    return out


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1])), indent=2))
