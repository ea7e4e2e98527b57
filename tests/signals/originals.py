"""What runs inside a peer's environment: texts in, what the original says of each out, both as JSON lines.

Kept as text, since only the peer's interpreter can import what they import. Each value comes from the original's own
functions, and each verdict from its own filter with every other rule off.
"""

from __future__ import annotations

DATATROVE = r"""
import json, sys
import numpy as np
from datatrove.data import Document
from datatrove.pipeline.filters import C4QualityFilter, FineWebQualityFilter
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter
from datatrove.pipeline.filters import c4_filters, gopher_repetition_filter as g
from datatrove.pipeline.filters.gopher_quality_filter import STOP_WORDS
from datatrove.utils.text import PUNCTUATION_SET, split_into_words

NONE = dict(dup_line_frac=None, dup_para_frac=None, dup_line_char_frac=None, dup_para_char_frac=None,
            top_n_grams=(), dup_n_grams=())
LIMITS = {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.1}
REPETITION = {
    "duplicate_paragraphs": dict(dup_para_frac=0.3), "duplicate_paragraph_chars": dict(dup_para_char_frac=0.2),
    "duplicate_lines": dict(dup_line_frac=0.3), "duplicate_line_chars": dict(dup_line_char_frac=0.2),
    **{f"top_{n}gram": dict(top_n_grams=((n, t),)) for n, t in ((2, 0.2), (3, 0.18), (4, 0.16))},
    **{f"duplicate_{n}grams": dict(dup_n_grams=((n, t),)) for n, t in LIMITS.items()},
}
OFF = dict(min_doc_words=None, max_doc_words=None, min_avg_word_length=None, max_avg_word_length=None,
           max_symbol_word_ratio=None, max_bullet_lines_ratio=None, max_ellipsis_lines_ratio=None,
           max_non_alpha_words_ratio=None, min_stop_words=None)
QUALITY = {
    "too_few_words": dict(min_doc_words=50), "too_many_words": dict(max_doc_words=100000),
    "words_too_short": dict(min_avg_word_length=3), "words_too_long": dict(max_avg_word_length=10),
    "too_many_hashes": dict(max_symbol_word_ratio=0.1), "too_many_ellipses": dict(max_symbol_word_ratio=0.1),
    "too_many_bullets": dict(max_bullet_lines_ratio=0.9), "too_many_ellipsis_lines": dict(max_ellipsis_lines_ratio=0.3),
    "too_few_alpha_words": dict(max_non_alpha_words_ratio=0.8), "too_few_stop_words": dict(min_stop_words=2),
}
PASS = dict(line_punct_thr=-1, short_line_thr=2, char_duplicates_ratio=2, new_line_ratio=1e9)
FINEWEB = {
    "too_few_punctuated_lines": dict(line_punct_thr=0.12), "too_many_short_lines": dict(short_line_thr=0.67),
    "repeated_line_chars": dict(char_duplicates_ratio=0.01), "too_many_line_feeds": dict(new_line_ratio=0.3),
    "repeated_line_chars_at_0.1": dict(char_duplicates_ratio=0.1),
}
made = {
    "gopher_repetition@datatrove": {k: GopherRepetitionFilter(**{**NONE, **v}) for k, v in REPETITION.items()},
    "gopher_quality@datatrove": {k: GopherQualityFilter(**{**OFF, **v}) for k, v in QUALITY.items()},
    "fineweb@datatrove": {k: FineWebQualityFilter(**{**PASS, **v}) for k, v in FINEWEB.items()},
}
plain, web = GopherRepetitionFilter(), FineWebQualityFilter()
REASON = {"too_many_hashes": "gopher_too_many_hashes", "too_many_ellipses": "gopher_too_many_ellipsis"}


def ratio(a, b):
    return a / b if b else None


def values(text):
    words = split_into_words(text)
    solid = [w for w in words if any(ch not in PUNCTUATION_SET for ch in w)]
    paragraphs, lines = plain.paragraph_exp.split(text.strip()), plain._line_splitter.split(text)
    out = {}
    if text:
        for name, parts in (("line", lines), ("paragraph", paragraphs)):
            n, chars = g.find_duplicates(parts)
            out[f"duplicate_{name}s"], out[f"duplicate_{name}_chars"] = n / len(parts), chars / len(text)
        for n in (2, 3, 4):
            grams = g.get_n_grams(words, n)
            out[f"top_{n}gram"] = g.find_top_duplicate(grams) / len(text) if grams else None
        for n in range(5, 11):
            out[f"duplicate_{n}grams"] = g.find_all_duplicate(words, n) / len(text) if len(words) >= n else None
    split = text.splitlines()
    out["too_few_words"] = out["too_many_words"] = len(solid)
    out["words_too_short"] = out["words_too_long"] = float(np.mean([len(w) for w in solid])) if solid else None
    out["too_many_hashes"] = ratio(text.count("#"), len(words))
    out["too_many_ellipses"] = ratio(text.count("...") + text.count("\u2026"), len(words))
    out["too_many_bullets"] = ratio(sum(s.lstrip().startswith(("\u2022", "-")) for s in split), len(split))
    out["too_many_ellipsis_lines"] = ratio(sum(s.rstrip().endswith(("...", "\u2026")) for s in split), len(split))
    out["too_few_alpha_words"] = ratio(sum(any(c.isalpha() for c in w) for w in words), len(words))
    out["too_few_stop_words"] = len(set(STOP_WORDS) & set(words))
    held = [line for line in text.split("\n") if line.strip() != ""]
    if held:
        out["too_few_punctuated_lines"] = sum(line.endswith(web.stop_chars) for line in held) / len(held)
        out["too_many_short_lines"] = sum(len(line) <= web.short_line_length for line in held) / len(held)
        out["repeated_line_chars"] = g.find_duplicates(held)[1] / len(text.replace("\n", ""))
        out["too_many_line_feeds"] = ratio(text.count("\n"), len(words))
    return out


def verdict(rule, one, text):
    try:
        result = one.filter(Document(text=text, id="x"))
    except ZeroDivisionError:
        return None
    if result is True:
        return False
    if result[1] == "empty":
        return None
    return rule not in REASON or result[1] == REASON[rule]


kept = {}  # seven filters ask for the same sentences: the original's own answer, once for each line


def sentences(text, language, whole=c4_filters.split_into_sentences):
    if text not in kept:
        kept[text] = whole(text, language)
    return kept[text]


c4_filters.split_into_sentences = sentences
c4 = {ends: C4QualityFilter(filter_no_terminal_punct=ends) for ends in (True, False)}
counts = {n: C4QualityFilter(min_num_sentences=n) for n in (1, 2, 10, 20, 50)}
for line in open(sys.argv[1], encoding="utf-8"):
    text = json.loads(line)
    kept.clear()
    measured, words = values(text), len(split_into_words(text))
    said = {p: {r: verdict(r, one, text) for r, one in rules.items()} for p, rules in made.items()}
    for ends, one in c4.items():
        result = one.filter(Document(text=text, id="x"))
        reason = None if result is True else result[1]
        said["c4@datatrove" if ends else "c4_any_end@datatrove"] = {
            r: reason == r for r in ("lorem_ipsum", "curly_bracket", "too_few_sentences")}
    for n, one in counts.items():
        result = one.filter(Document(text=text, id="x"))
        said["c4@datatrove"][f"fewer_than_{n}_sentences"] = result is not True and result[1] == "too_few_sentences"
    print(json.dumps({"values": measured, "verdicts": said, "words": words}))
"""

DOLMA = r"""
import json, sys
from dolma.core.data_types import Document
from dolma.core.registry import TaggerRegistry
import dolma.taggers.c4, dolma.taggers.gopher

taggers = {name: TaggerRegistry.get(name)() for name in ("gopher_v1", "gopher_v2", "c4_v2")}
for line in open(sys.argv[1], encoding="utf-8"):
    doc = Document(source="x", version="", id="1", text=json.loads(line))
    out = {}
    for name, tagger in taggers.items():
        out[name] = {}
        for span in tagger.predict(doc).spans:
            more = span.type.startswith("lines_with")
            out[name][span.type] = out[name].get(span.type, 0) + 1 if more else span.score
    print(json.dumps(out))
"""

SPACY = r"""
import json
import spacy
from spacy.lang.char_classes import UNITS
from spacy.symbols import ORTH

rules = spacy.blank("en").tokenizer.rules
found = {word: [piece[ORTH] for piece in pieces] for word, pieces in rules.items() if not word.isspace()}
print(json.dumps({"exceptions": found, "units": UNITS.split("|")}))
"""

UNISEG = r"""
import json, sys
from uniseg.wordbreak import words

for line in open(sys.argv[1], encoding="utf-8"):
    print(json.dumps([word for word in words(json.loads(line)) if word[0].isalnum()]))
"""
