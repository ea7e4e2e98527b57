"""Benchmark items leaked into texts in the ways that happen: what recall is measured on."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path

from assay.flows.contamination_items import read_items
from assay.text.benchmark import Items

BENCHMARKS: Mapping[str, str] = {
    "HumanEval": "gold-decontam/humaneval/HumanEval.jsonl.gz",
    "MMLU abstract algebra": "gold-decontam/mmlu/abstract_algebra_test.csv",
    "MMLU sociology": "gold-decontam/mmlu/sociology_test.csv",
    "MMLU US history": "gold-decontam/mmlu/high_school_us_history_test.csv",
    "Natural Questions": "qa/natural-questions/NQ-open.dev.jsonl",
    "PubMedQA": "qa/pubmedqa/ori_pqal.json",
}
_OTHER = str.maketrans({".": "!", ",": " ;", "'": "", '"': "", ":": " -", "(": "[", ")": "]", "?": " ??"})


def items(data: Path, names: tuple[str, ...] = tuple(BENCHMARKS)) -> Items:
    return read_items(None, [str(data / BENCHMARKS[name]) for name in names], mapping={}).items


def rewrapped(text: str) -> str:
    words = text.split()
    return "\n".join("  " + " ".join(words[i : i + 8]) for i in range(0, len(words), 8))


def retyped(text: str) -> str:
    """Other case, other spaces, other punctuation between words: marks inside a word part it, so they stay marks."""
    changed = text.swapcase().translate({ord("'"): "\u2019", ord('"'): "\u201c", ord("-"): "\u2013"})
    return "  ".join(word.rstrip(".,;:?!") + " ;" for word in changed.split())


def reworded(text: str) -> str:
    """Every fourth word is another."""
    return " ".join("rather" if i % 4 == 3 else word for i, word in enumerate(text.split()))


def between(text: str, filler: list[str], where: str, seed: int) -> str:
    chosen = random.Random(seed)
    before, after = chosen.choice(filler)[:3000], chosen.choice(filler)[:3000]
    return {"front": f"{text}\n{after}", "middle": f"{before}\n{text}\n{after}", "end": f"{before}\n{text}"}[where]


def ways(filler: list[str]) -> Mapping[str, Callable[[str, int], str]]:
    return {
        "verbatim": lambda text, seed: text,
        "re-wrapped": lambda text, seed: rewrapped(text),
        "embedded in front": lambda text, seed: between(text, filler, "front", seed),
        "embedded in the middle": lambda text, seed: between(text, filler, "middle", seed),
        "embedded at the end": lambda text, seed: between(text, filler, "end", seed),
        "case, space, punctuation": lambda text, seed: retyped(text),
        "reworded": lambda text, seed: reworded(text),
    }
