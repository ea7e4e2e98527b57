"""Presets named after published filters: what each variant says of the same texts, and at the threshold itself."""

from __future__ import annotations

import pyarrow as pa
import pytest

from assay.records.schema import schema_of
from assay.rules import evaluate, load_ruleset, presets
from assay.rules.reason import reason
from assay.signals import measure_rows, signals_for

PUBLISHED = [name for name in presets() if "@" in name]
PROSE = (
    "The harbour was quiet when the first boats came home with the tide. Nobody on the quay had expected them before "
    "noon, and the women who sell fish there had to be called from their kitchens. Some of the crew looked tired. "
    "Others laughed loudly, as men do after storms that they have outlived. A child asked whether it was true that "
    "whales had followed them. It was not. Still, for many years afterwards people would swear to have seen one."
)


def verdicts(name: str, *texts: str | None) -> list[list[str]]:
    """Names of the rules that fire on each text."""
    rows = pa.Table.from_pylist(
        [{"record_id": f"r{i}", "source": {"path": "f", "row": i}, "text": text} for i, text in enumerate(texts)],
        schema=schema_of("composite"),
    )
    ruleset = load_ruleset(name)
    values = measure_rows(signals_for("composite", list(ruleset.columns("composite"))), [rows], "composite")[0]
    for column, value in values.items():
        rows = rows.append_column(column, value)
    return evaluate(ruleset.for_kind("composite"), rows, "composite")["rules"].to_pylist()


def test_every_published_filter_has_its_variants() -> None:
    whose = ("datatrove", "dclm", "dolma", "dolma-v2")
    variants = [f"gopher_{what}@{who}" for what in ("quality", "repetition") for who in whose]
    c4 = [f"c4@{who}" for who in ("datatrove", "dclm", "dolma")]
    assert [*c4, "fineweb@datatrove", "fineweb@datatrove-0.1", *variants] == PUBLISHED


@pytest.mark.parametrize("name", PUBLISHED)
def test_prose_passes_and_a_record_without_text_is_not_judged(name: str) -> None:
    assert verdicts(name, PROSE, None) == [[], []]


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name.startswith("gopher_repetition")])
def test_a_page_that_says_one_line_again_and_again_is_dropped(name: str) -> None:
    fired = verdicts(name, "\n".join(["the same line of words once more, and no end of it"] * 9))[0]
    assert {"duplicate_lines", "duplicate_line_chars", "duplicate_10grams"} <= set(fired)


def test_equality_passes() -> None:
    lines = [f"line {i} says something else" for i in range(7)]
    three_of_ten = "\n".join([*lines, lines[0], lines[1], lines[2]])
    assert "duplicate_lines" not in verdicts("gopher_repetition@datatrove", three_of_ten)[0]
    four_of_ten = "\n".join([*lines[:6], *lines[:4]])
    assert "duplicate_lines" in verdicts("gopher_repetition@datatrove", four_of_ten)[0]


def test_the_variants_differ_where_they_should() -> None:
    once = " ".join(word for word in PROSE.split() if word not in ("be", "to", "of", "and", "that", "have", "with"))
    fired = {who: verdicts(f"gopher_quality@{who}", once)[0] for who in ("datatrove", "dolma", "dclm")}
    assert fired == {"datatrove": ["too_few_stop_words"], "dolma": [], "dclm": []}


def test_blank_lines_are_no_repetition_to_the_second_dolma_tagger() -> None:
    page = "\n\n".join(f"Paragraph {i} says something of its own." for i in range(9))
    assert "duplicate_lines" in verdicts("gopher_repetition@dolma", page)[0]
    assert "duplicate_lines" not in verdicts("gopher_repetition@dolma-v2", page)[0]


def test_fineweb_has_two_limits_of_repeated_characters() -> None:
    page = "\n".join(
        [*(f"Line {i} ends with a mark, as it should." for i in range(30)), "Line 1 ends with a mark, as it should."]
    )
    assert "repeated_line_chars" in verdicts("fineweb@datatrove", page)[0]  # 1 of 31 lines is above 0.01
    assert "repeated_line_chars" not in verdicts("fineweb@datatrove-0.1", page)[0]


@pytest.mark.parametrize("who", ["datatrove", "dolma", "dclm"])
def test_c4_variants_differ_in_their_counts(who: str) -> None:
    three = "One two three four five. Is six seven here? It is eight."
    fired = verdicts(f"c4@{who}", three, three + "\nno end { mark here")
    few = ["too_few_sentences"] if who == "datatrove" else []
    assert fired == [few, ["curly_bracket"] if who == "dolma" else few]


def test_c4_drops_pages() -> None:
    five = "One is here. Two is here. Three is here. Four is here. Five is here."
    found = verdicts(
        "c4@datatrove", five, five[:40], five + " {", five + "\nA { is here.", five + "\nLorem ipsum is so."
    )
    assert found == [[], ["too_few_sentences"], ["too_few_sentences"], ["curly_bracket"], ["lorem_ipsum"]]


def test_fineweb_drops_lists() -> None:
    fired = verdicts("fineweb@datatrove", "\n".join(f"entry {i}" for i in range(40)), " \n ", "")
    assert fired == [
        ["too_few_punctuated_lines", "too_many_line_feeds", "too_many_short_lines"],
        ["no_lines"],
        ["no_lines"],
    ]


def test_a_reason_names_the_member_and_its_value() -> None:
    rule = load_ruleset("gopher_quality@dolma")["too_few_words"]
    assert reason(rule, {"gopher_quality_dolma": {"words": 7}}) == "gopher_quality_dolma.words 7 < 50"
