"""Quotes and citations looked up in a folder: real ones are found, invented ones are named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import UserError
from assay.rules import evaluate, load_ruleset
from assay.signals import measure_rows, signals_for
from assay.text.citations import cited, dangling_numbers
from assay.text.quotes import pieces, quoted, read_authorities, words
from tests.signals.test_examples import table, values

ACT = """# Privacy of health records

## 45 CFR 164.512 Uses without authorization

A covered entity may use or disclose protected health information without the written authorization of the
individual, as described in section 164.508, or the opportunity for the individual to agree or object.
See Roe v. Wade, 410 U.S. 113 (1973), doi 10.1000/182 and arXiv:1706.03762v5.
"""


@pytest.fixture
def folder(tmp_path: Path) -> str:
    place = tmp_path / "law"
    (place / "papers").mkdir(parents=True)
    (place / "act.md").write_text(ACT)
    (place / "page.html").write_text(
        "<p>The quick <b>brown</b> fox &amp; the lazy dog sleep</p><script>no words here</script>"
    )
    (place / "papers/smith2019.txt").write_text("On attention. Lee, K., and Jones, P. 2021. Journal.")
    (place / "rfc2119.txt").write_text("Key words for use in standards.")
    return str(place)


def one(name: str, folder: str | None, text: str | None, **params: Any) -> Any:
    return values(name, "composite", {"text": text}, authorities=folder, **params)[0]


@pytest.mark.parametrize(
    "text",
    [
        'It says "a covered entity may use or disclose protected health information".',
        "It says “A COVERED ENTITY may — use or   disclose protected\nhealth information”.",
        'It says "a covered entity may use or disclose ... the written authorization of the individual".',
        'It says "[A] covered entity may use or disclose [such] ... the opportunity for the individual to agree".',
        "> A covered entity may use or disclose protected\n> health information without the written\n",
        "«the quick brown fox & the lazy dog»",
    ],
    ids=["as it stands", "other case and marks", "an ellipsis", "brackets", "a block quote", "from HTML"],
)
def test_true_quotes_are_found(folder: str, text: str) -> None:
    assert one("quotes_not_found", folder, text) == []


@pytest.mark.parametrize(
    "text",
    [
        'It says "a covered entity must never disclose protected health information".',
        'It says "the written authorization of the individual ... a covered entity may use or disclose".',
        'It says "the quick brown fox and ... a covered entity may use or disclose".',
        'It says "words that nobody ever wrote anywhere zyx".',
        'It says "no words here at all, only script code".',
    ],
    ids=["changed", "in another order", "of two files", "unknown words", "from a script"],
)
def test_false_quotes_are_named(folder: str, text: str) -> None:
    (named,) = one("quotes_not_found", folder, text)
    assert named in text.replace("\n", " ")


def test_what_quotes_nothing_is_not_judged(folder: str) -> None:
    for text in (
        None,
        "",
        "No quote.",
        'A "short quote" only.',
        '```\nx = "a b c d e f g h i"\n```',
        'It is 5" by 6" or so',
    ):
        assert one("quotes_not_found", folder, text) is None
    for text in (
        '<a class="one two three four five six seven" href="x">y</a>',
        "> [!NOTE]\n> one two three four five six seven\n",
        'at "https://example.org/one/two/three/four/five/six/seven"',
    ):
        assert one("quotes_not_found", folder, text) is None
    assert one("quotes_not_found", None, 'It says "words that nobody ever wrote anywhere".') is None
    assert one("quotes_not_found", folder, 'It says "one two three four".', quote_words=4) == ["one two three four"]


def test_a_quote_of_the_question_or_the_context_is_no_invention(folder: str) -> None:
    answer = 'You asked "what the purpose of all of this was", and the page says "it was built by hand in 1902".'
    row = {
        "prompt": "What the purpose of all of this was?",
        "context": [{"type": "text", "text": "The mill: it was built by hand in 1902."}],
        "best_answer": answer,
    }
    assert values("quotes_not_found", "qa", row, authorities=folder) == [[]]
    assert len(values("quotes_not_found", "qa", {**row, "context": []}, authorities=folder)[0]) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("under 45 C.F.R. § 164.512(a)(1)", []),
        ("under 45 CFR 164.999", ["45 CFR 164.999"]),
        ("see 42 U.S.C. § 1983", ["42 U.S.C. § 1983"]),
        ("under § 164.508", []),
        ("under § 164.509", ["§ 164.509"]),
        ("Roe v. Wade, 410 U.S. 113 (1973)", []),
        ("Doe v. Roe, 999 U.S. 999", ["999 U.S. 999"]),
        ("as in Roe v. Wade it was", []),
        ("as in Varghese v. China it was", ["Varghese v. China"]),
        ("arXiv:1706.03762", []),
        ("https://arxiv.org/abs/2401.99999", ["arxiv.org/abs/2401.99999"]),
        ("doi.org/10.1000/182.", []),
        ("10.5555/not-there", ["10.5555/not-there"]),
        ("RFC 2119 and RFC 9999", ["RFC 9999"]),
        ("(Smith 2019; Lee et al., 2021)", []),
        ("Smith (2018) and (Nobody & Jones, 2021)", ["Smith 2018", "Nobody 2021"]),
        ("(May 2019) and the World Cup (2018)", None),
        ("nothing", None),
        (None, None),
    ],
)
def test_citations(folder: str, text: str | None, expected: list[str] | None) -> None:
    assert one("unresolved_citations", folder, text) == expected


def test_numbers_are_held_against_the_texts_own_references(folder: str) -> None:
    listed = "It was so [1], and so [2, 4-5].\n\n[1]: One\n[2] Two\n[4] Four\n"
    assert dangling_numbers(listed, 0) == ["[5]"]
    assert dangling_numbers("So [1] and so [3].", 0) is None, "a piece of a longer text"
    assert dangling_numbers("So [1] and so [3].", 2) == ["[3]"]
    assert dangling_numbers("x[1] = [2](link)", 5) is None
    assert dangling_numbers("It was so [2].\n\n## References\n\n1. One\n2. Two\n", 0) == []
    row = {"prompt": "p", "best_answer": "So [1] and [3].", "context": [{"type": "text", "text": "a"}]}
    assert values("unresolved_citations", "qa", row, authorities=folder) == [["[3]"]]


def test_the_preset_names_the_invented_and_lets_the_true_pass(folder: str) -> None:
    rules = load_ruleset("authorities")
    true = 'By 45 CFR 164.512 one "may use or disclose protected health information".'
    texts = [true, true.replace("512", "777"), true.replace("may use", "may sell"), "No source at all."]
    held = table("composite", *({"text": text} for text in texts))
    names = list(rules.columns("composite"))
    measured = measure_rows(signals_for("composite", names), [held], "composite", {"authorities": folder})[0]
    for name, column in measured.items():
        held = held.append_column(name, column)
    fired = evaluate(rules.for_kind("composite"), held, "composite")["rules"].to_pylist()
    assert fired == [[], ["unresolved_citation"], ["quote_not_found"], []]


def test_a_folder_that_changes_is_read_again(folder: str) -> None:
    text = 'It says "an entirely new sentence in the law".'
    assert len(one("quotes_not_found", folder, text)) == 1
    Path(folder, "new.txt").write_text("Behold an entirely new sentence in the law.")
    assert one("quotes_not_found", folder, text) == []


def test_a_folder_without_texts_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    for place in (tmp_path, tmp_path / "no"):
        with pytest.raises(UserError, match="E106"):
            read_authorities(place)


@given(
    st.lists(st.sampled_from(["a", "b", "c"]), min_size=4, max_size=12), st.lists(st.sampled_from("abc"), max_size=60)
)
def test_what_is_held_agrees_with_a_search_of_the_text(quote: list[str], text: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        Path(name, "x.txt").write_text(" ".join(text))
        index = read_authorities(name)
    assert index.holds(" ".join(quote)) == (f" {' '.join(quote)} " in f" {' '.join(text)} ")


@pytest.mark.parametrize(
    "text",
    ["A" + "a" * 200_000, "A." * 100_000, "\n" * 200_000, "(" * 200_000, '"' * 200_000, '" a' * 70_000, "Aa, " * 50_000,
     "1 " * 100_000, "[1]" * 70_000, "> \n" * 70_000,
     "``` \n" * 40_000, "§" * 200_000, "A v. " * 40_000, "." * 200_000],
    ids=lambda text: repr(text[:6]),
)  # fmt: skip
def test_long_texts_of_one_thing_end(text: str) -> None:
    cited(text), dangling_numbers(text, 1), [pieces(one) for one in quoted(text, 2)]


def test_words_and_pieces() -> None:
    assert words("It\u2019s  ﬁne \u2014 na\u00efve, 3\u00a0000") == ["it", "s", "fine", "na\u00efve", "3", "000"]
    assert pieces("one two three four ... five six ... a b c d") == [
        ["one", "two", "three", "four"],
        ["a", "b", "c", "d"],
    ]
    assert quoted('"a b" and "c d e"', 3) == ["c d e"]
    assert list(cited("RFC 1, then RFC 1, then 45 CFR 1.2")) == ["RFC 1", "45 CFR 1.2"]


def test_real_documents_hold_their_own_sentences_and_not_others(shared_data: Path) -> None:
    folder = shared_data / "composite-markdown/rust-rfcs"
    files = sorted(folder.glob("*.md"))
    rows, changed = [], []
    for file in files:
        text = re.sub(r"(?s)```.*?```", " ", file.read_text("utf-8"))
        found = re.findall(r"[A-Z][a-z]+(?: [a-z]+,?){9,20}\.", text)[:5]
        rows += [{"text": f'It says "{one}" there.'} for one in found]
        changed += [{"text": f'It says "{one.replace(" ", " hardly ", 4)}" there.'} for one in found]
    assert len(rows) > 50
    assert all(one == [] for one in values("quotes_not_found", "composite", *rows, authorities=str(folder)))
    assert all(len(one) == 1 for one in values("quotes_not_found", "composite", *changed, authorities=str(folder)))
    numbers = {int(file.name[:4]) for file in files}
    there = [{"text": f"As RFC {number} says."} for number in sorted(numbers)]
    assert all(one == [] for one in values("unresolved_citations", "composite", *there, authorities=str(folder)))
    invented = [{"text": f"As RFC {number} says."} for number in range(60_000, 60_020)]
    assert all(len(one) == 1 for one in values("unresolved_citations", "composite", *invented, authorities=str(folder)))
