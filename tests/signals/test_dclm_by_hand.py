"""DCLM's variants against cases worked out by hand: it cannot be installed as a package, so its arithmetic stands here.

Each case says which numbers are divided; sources: mappers/filters/content_filters.py, mappers/modifiers.py, c4.yaml.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from assay.records.schema import schema_of
from assay.rules import evaluate, load_ruleset
from assay.signals import measure_rows, signals_for


def rows_of(text: str) -> pa.Table:
    row = {"record_id": "r", "source": {"path": "f", "row": 0}, "text": text}
    return pa.Table.from_pylist([row], schema=schema_of("composite"))


def measured(signal: str, member: str, text: str) -> Any:
    values = measure_rows(signals_for("composite", [signal]), [rows_of(text)], "composite")[0]
    return values[signal][0].as_py()[member]


def fired(preset: str, text: str) -> list[str]:
    ruleset, rows = load_ruleset(preset), rows_of(text)
    for name, value in measure_rows(signals_for("composite", list(ruleset.columns("composite"))), [rows], "composite")[
        0
    ].items():
        rows = rows.append_column(name, value)
    found: list[str] = evaluate(ruleset.for_kind("composite"), rows, "composite")["rules"].to_pylist()[0]
    return found


QUALITY = [
    ("words", "one, two - three", 3),  # the dash begins with neither letter nor digit
    ("mean_word_length", "one, two - three", (4 + 3 + 1 + 5) / 4),  # of all words between white space
    ("symbol_per_word", "# a ... b \u2026 . . .", (1 + 1 + 1 + 1) / 8),  # each of the four symbols once, 8 words
    ("symbol_per_word", "a ......", 2 / 2),  # six periods hold three of them twice
    ("bullet_line_share", "\u25cf a\n\u2022 b\n\n * c\nd", 3 / 4),  # the blank line is no line; lines are stripped
    ("ellipsis_line_share", "a...\nb . . .\nc\u2026 \nd", 3 / 4),
    ("alpha_word_share", "a 1 b2 --", 2 / 4),
    ("stop_words", "The the THE of", 4),  # how often, in any case
    ("stop_words", "the, of", 1),  # with its comma it is another word
]
REPETITION = [
    ("duplicate_line_share", "a\nb\na", 2 / 3),  # the first one counts too
    ("duplicate_line_char_share", "aa\nb\naa", 4 / 5),
    ("duplicate_line_share", " a\na \nb", 2 / 3),  # lines are stripped
    ("duplicate_line_share", "a\n\n\na", 2 / 2),  # blank ones are left out
    ("duplicate_line_share", "one line", 0.0),
    ("duplicate_paragraph_share", "x\n\ny\n\nx", 2 / 3),
    ("duplicate_paragraph_char_share", "xx\n\ny\n\nxx", 4 / 5),
    ("duplicate_paragraph_share", "a\n\n\nb\n\n a", 2 / 3),  # "a", "\nb", " a", stripped
    ("top_2gram_char_share", "a b a b c", 2 * 2 / 5),  # a b twice, of five characters
    ("top_2gram_char_share", "a b a b cc dd cc dd", 2 * 4 / 12),  # a b and cc dd occur twice: the longer one
    ("top_2gram_char_share", "a b c d", 0.0),  # nothing is repeated
    ("top_2gram_char_share", "a, b. a! b?", 2 * 2 / 4),  # punctuation is no word
    ("top_3gram_char_share", "a b c a b c", 2 * 3 / 6),
    ("top_4gram_char_share", "a b c d x a b c d", 2 * 4 / 9),
    ("duplicate_5gram_char_share", "a b c d e a b c d e", 10 / 10),
    ("duplicate_5gram_char_share", "x a b c d e y a b c d e", 10 / 12),  # x and y are covered by none
    ("duplicate_5gram_char_share", "a a a a a a a", 7 / 7),  # overlaps are counted once
    ("duplicate_6gram_char_share", "x a b c d e y a b c d e", 0.0),
    ("duplicate_10gram_char_share", "a b c d e f g h i j k a b c d e f g h i j", 20 / 21),
]
C4 = [
    ("kept_lines", "One two three four five.", 1),
    ("kept_lines", "One two three four.", 0),  # four words
    ("kept_lines", "One two three four [12] [citation needed].", 1),  # what is left: four words and a period
    ("kept_lines", "One two three four.[12]", 0),  # the citation is no word
    ("kept_lines", "One two three four five...", 0),
    ("kept_lines", "One two three four five\u2026", 0),
    ("kept_lines", 'One two three four "five"', 1),
    ("kept_lines", "One two three four 'five'", 0),  # datatrove keeps it
    ("kept_lines", "One two three four five.  ", 1),  # white space after the mark
    ("kept_lines", "One two three four " + "w" * 1001 + ".", 0),
    ("kept_lines", "One two three JavaScript five.", 0),
    ("kept_lines", "See our Privacy Policy for more.", 0),
    ("has_curly_bracket", "One { three JavaScript five.", False),  # that line is gone before
    ("has_curly_bracket", "See our { Privacy Policy for more.", True),  # that one goes after
    ("has_curly_bracket", "One { three four five", False),
    ("has_lorem_ipsum", "Lorem Ipsum JavaScript four five.", True),  # looked for before that line goes
    ("has_lorem_ipsum", "Lorem Ipsum three four five", False),
    ("sentences", "One two three four five. Six seven. Eight nine.", 3),
    ("characters", "caf\u00e9", 4),
]


@pytest.mark.parametrize(("member", "text", "expected"), QUALITY)
def test_gopher_quality(member: str, text: str, expected: float) -> None:
    assert measured("gopher_quality_dclm", member, text) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("member", "text", "expected"), REPETITION)
def test_gopher_repetition(member: str, text: str, expected: float) -> None:
    assert measured("gopher_repetition_dclm", member, text) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("member", "text", "expected"), C4)
def test_c4(member: str, text: str, expected: float) -> None:
    assert measured("c4_dclm", member, text) == expected


def test_a_text_without_a_line_is_dropped_and_one_line_repeats_nothing() -> None:
    assert fired("gopher_repetition@dclm", " \n ") == ["no_lines"]
    assert fired("gopher_repetition@dclm", "one line") == []


def test_equality_passes_and_one_more_does_not() -> None:
    prose = "the cat and the dog were there with all of that and so it was to be seen by us as we came by on " * 3
    at_most = "\n".join([*(f"- {prose}{i}" for i in range(9)), prose])
    assert "too_many_bullets" not in fired("gopher_quality@dclm", at_most)  # 9 of 10
    assert "too_many_bullets" in fired("gopher_quality@dclm", "- a\n" * 10)
    assert "too_few_alpha_words" not in fired("gopher_quality@dclm", "a b c d 1")  # 4 of 5
    assert "too_few_alpha_words" in fired("gopher_quality@dclm", "a b c 1")
    assert "too_few_words" in fired("gopher_quality@dclm", "word " * 49)
    assert "too_few_words" not in fired("gopher_quality@dclm", "word " * 50)


def test_c4_pages() -> None:
    page = "One two three four five. Six seven. Eight nine."
    assert fired("c4@dclm", page) == []
    assert fired("c4@dclm", "One two three four five. Six seven.") == ["too_few_sentences"]
    assert fired("c4@dclm", page + "\nHere is a { bracket too.") == ["curly_bracket"]
    assert "too_long" not in fired("c4@dclm", "a" * 190_000)
    assert "too_long" in fired("c4@dclm", "a" * 190_001)
