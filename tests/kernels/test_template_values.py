"""Values of templates against a slow reading of what the kernels promise, and cases that a reader can judge."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.kernels.shingles import NO_DIGIT, NO_IDENTIFIER, NO_NUMBER
from assay.kernels.star_clusters import neighbours
from assay.kernels.template_values import (
    SAMPLE,
    differing_numbers,
    numbers_at_places,
    other_names,
    place_table,
    values_at,
    values_differing,
    varying_places,
)
from tests.dedup import near_oracle as oracle

FRONT, BEHIND = 0, 1
Place = tuple[int, str, str]
few_words = st.lists(st.sampled_from(["a", "b", "c", "d", "7", "8", "12345", "54321", "x9"]), max_size=14)


def hashed(words: list[str]) -> np.ndarray:
    return np.array([oracle.word_hash(word) for word in words], np.uint64)


def places(words: list[str]) -> dict[Place, str | None]:
    """What stands behind two words, and in front of two, the second of which may be the text's end; None where it is
    not always the same."""
    padded = ["<", "<", *words, ">", ">"]
    found: dict[Place, str | None] = {}
    for i, word in enumerate(words):
        for place in ((FRONT, padded[i], padded[i + 1]), (BEHIND, padded[i + 3], padded[i + 4])):
            if place[1:] not in (("<", "<"), (">", ">")):
                found[place] = word if found.get(place, word) == word else None
    return found


def known_at(found: dict[Place, str | None], place: Place) -> str | None:
    return found.get(place)


def most_of_a_side(found: list[Place]) -> int:
    return max(Counter(place[0] for place in found).values(), default=0)


def lacks(word: str, bit: np.uint64) -> bool:
    return oracle.word_hash(word) & int(bit) == 0


def differ(mine: dict[Place, str | None], theirs: dict[Place, str | None]) -> dict[Place, tuple[str, str]]:
    return {
        place: (word, other)
        for place, word in mine.items()
        if word is not None and (other := known_at(theirs, place)) is not None and word != other
    }


def varying(known: list[dict[Place, str | None]], needed: int, passed_over: np.uint64) -> list[Place]:
    loose, strict = [], []
    for place, word in known[0].items():
        here = [value for one in known if (value := known_at(one, place)) is not None]
        if word is None or len(here) < max(3, (len(known) + 1) // 2) or len(set(here)) == 1:
            continue
        if any(lacks(value, passed_over) for value in here if passed_over):
            continue
        most = max(Counter(here).values())
        if most < 0.9 * len(here) and most <= len(here) - 2:
            loose.append(place)
        if most <= len(here) / 2 and len(set(here)) >= 3:
            strict.append(place)
    return loose if most_of_a_side(strict) >= needed else []


def numbers_apart(one: list[str], other: list[str]) -> int:
    """Runs of words with a digit count as one number each."""

    def cut(words: list[str]) -> tuple[list[str], list[list[str]]]:
        plain, runs = [], [[]]
        for word in words:
            if lacks(word, NO_DIGIT):
                runs[-1].append(word)
            else:
                plain.append(word)
                runs.append([])
        return plain, runs

    (plain, runs), (their_plain, their_runs) = cut(one), cut(other)
    return sum(a != b for a, b in zip(runs, their_runs, strict=True)) if plain == their_plain else 0


def renamed(mine: list[str], theirs: list[str]) -> int:
    pairs: dict[tuple[str, str], list[int]] = {}
    for place, pair in differ(places(mine), places(theirs)).items():
        if not any(lacks(word, NO_NUMBER) for word in pair):
            pairs.setdefault(pair, [0, 0])[place[0]] += 1
    return sum(
        max(sides) for (one, _), sides in pairs.items() if max(sides) >= 2 and min(sides) >= 1 and one not in theirs
    )


def slow(rows: list[list[str]], keeper: list[int], like: dict[int, list[int]], least: int, numbers: bool) -> list[int]:
    """`like`: for each keeper the rows that its places are learnt from, itself first. Every score is below 1."""
    out = [0] * len(rows)
    for row, kept in enumerate(keeper):
        if row == kept:
            continue
        group = [places(rows[one]) for one in like[kept]]
        mine, theirs = group[0], places(rows[row])
        apart = differ(mine, theirs)
        few = len(group) < least
        varies: list[Place] = []
        if len(group) >= 3:
            varies = varying(group, 2 if few else 1, NO_DIGIT if few and not numbers else np.uint64(0))
        bit = NO_DIGIT if numbers else NO_IDENTIFIER
        out[row] = (
            most_of_a_side([place for place in varies if place in apart])
            or most_of_a_side([place for place, pair in apart.items() if all(lacks(word, bit) for word in pair)])
            or (numbers_apart(rows[row], rows[kept]) if numbers else 0)
            or renamed(rows[kept], rows[row])
        )
    return out


def kernel_values(
    rows: list[list[str]], keeper: list[int], edges: list[tuple[int, int]], ranks: list[int], least: int, numbers: bool,
    score: float = 0.9,
) -> list[int]:  # fmt: skip
    words = hashed([word for row in rows for word in row])
    word_at = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    left, right = (np.array([edge[side] for edge in edges], np.int64) for side in (0, 1))
    starts, others, _ = neighbours(len(rows), left, right)
    scores = np.array([np.nan if kept == row else score for row, kept in enumerate(keeper)])
    values, *_ = values_differing(
        words, word_at, np.array(keeper), scores, np.array(ranks), starts, others, least, numbers
    )
    return values.tolist()


def sample_of(kept: int, edges: list[tuple[int, int]], ranks: list[int], n: int) -> list[int]:
    near = [{b if a == i else a for a, b in edges if i in (a, b)} for i in range(n)]
    found = set(near[kept])
    if len(found) < SAMPLE - 1:
        found |= {two for one in near[kept] for two in near[one]}
    return [kept, *sorted(found - {kept}, key=lambda one: ranks[one])[: SAMPLE - 1]]


@st.composite
def groups(draw: st.DrawFn) -> tuple[list[list[str]], list[int], list[tuple[int, int]], list[int]]:
    """Records of one frame with values filled in, some with edits, clustered somehow; or of any words."""
    n = draw(st.integers(1, 9))
    if draw(st.booleans()):
        rows = [draw(few_words) for _ in range(n)]
    else:
        frame = draw(st.lists(st.sampled_from(["p", "q", "r", "s", "t", "_", "_", "#"]), min_size=3, max_size=16))
        rows = []
        for _ in range(n):
            name = draw(st.sampled_from(["anna", "bruno", "carla", "dora"]))
            number = draw(st.sampled_from(["7", "8", "12345", "54321", "x9"]))
            row = [name if word == "_" else number if word == "#" else word for word in frame]
            if draw(st.integers(0, 4)) == 0:
                row[draw(st.integers(0, len(row) - 1))] = "edit"
            rows.append(row)
    keeper = [0] * n if draw(st.booleans()) else [draw(st.integers(0, i)) for i in range(n)]
    keeper = [kept if keeper[kept] == kept else row for row, kept in enumerate(keeper)]
    pairs = [(i, j) for i in range(n) for j in range(i)]
    edges = [pair for pair in pairs if draw(st.integers(0, 3))]
    return rows, keeper, edges, draw(st.permutations(range(n)))


@settings(max_examples=600)
@given(group=groups(), least=st.sampled_from([3, 4, 5]), numbers=st.booleans())
def test_values_are_those_of_a_slow_reading(
    group: tuple[list[list[str]], list[int], list[tuple[int, int]], list[int]], least: int, numbers: bool
) -> None:
    rows, keeper, edges, ranks = group
    like = {kept: sample_of(kept, edges, ranks, len(rows)) for kept in set(keeper)}
    assert kernel_values(rows, keeper, edges, ranks, least, numbers) == slow(rows, keeper, like, least, numbers)


@settings(max_examples=300)
@given(one=few_words, other=few_words)
def test_numbers_and_names_of_two_texts_are_those_of_a_slow_reading(one: list[str], other: list[str]) -> None:
    words = hashed([*one, *other])
    slots, mine, sides = place_table(words, 0, len(one))
    theirs = np.empty(len(slots), np.uint64)
    values_at(words, len(one), len(words), slots, theirs)
    apart = differ(places(one), places(other))
    for bit in (NO_DIGIT, NO_IDENTIFIER):
        told = [place for place, pair in apart.items() if all(lacks(word, bit) for word in pair)]
        assert numbers_at_places(mine, theirs, sides, bit) == most_of_a_side(told)
    assert differing_numbers(words, 0, len(one), len(one), len(words)) == numbers_apart(one, other)
    assert other_names(mine, theirs, sides, words, len(one), len(words)) == renamed(one, other)


def test_a_place_varies_where_no_word_has_half_and_three_differ() -> None:
    known = np.array([[10, 10, 10, 10], [11, 11, 10, 11], [12, 10, 10, 0], [13, 11, 10, 0]], np.uint64)
    sides = np.zeros(4, np.int8)
    assert varying_places(known, 4, sides, 1, np.uint64(0)).tolist() == [True, True, False, False]
    assert not varying_places(known, 4, sides, 2, np.uint64(0)).any()
    assert not varying_places(known[:, 1:], 4, sides, 1, np.uint64(0)).any(), "two words alone may be two versions"


FRAME = "dear {} your parcel has left our house in {} and will reach you within the next few working days"


def filled(*values: tuple[str, str]) -> list[list[str]]:
    return [FRAME.format(*one).split() for one in values]


def together(rows: list[list[str]], numbers: bool = True, least: int = 5) -> list[int]:
    n = len(rows)
    edges = [(i, j) for i in range(n) for j in range(i)]
    return kernel_values(rows, [0] * n, edges, list(range(n)), least, numbers)


@pytest.mark.parametrize("numbers", [True, False], ids=["numbers matter", "documents"])
def test_five_letters_hold_values(numbers: bool) -> None:
    rows = filled(("anna", "oslo"), ("bruno", "lima"), ("carla", "turin"), ("dora", "lima"), ("emil", "oslo"))
    assert together(rows, numbers) == [0, 2, 2, 2, 1]


def test_a_copy_with_the_same_values_and_a_slip_is_a_copy() -> None:
    rows = filled(("anna", "oslo"), ("bruno", "lima"), ("carla", "turin"), ("dora", "lima"), ("anna", "oslo"))
    rows[4][-1] = "dayz"
    assert together(rows) == [0, 2, 2, 2, 0]


def test_three_letters_need_two_places() -> None:
    assert together(filled(("anna", "oslo"), ("bruno", "lima"), ("carla", "turin"))) == [0, 2, 2]
    assert together(filled(("anna", "oslo"), ("bruno", "oslo"), ("carla", "oslo"))) == [0, 0, 0]


def test_two_letters_that_differ_in_a_word_cannot_be_told_from_an_edit() -> None:
    assert together(filled(("anna", "oslo"), ("bruno", "oslo"))) == [0, 0]


@pytest.mark.parametrize(
    ("one", "other", "matter", "document"),
    [
        ("7", "8", 1, 0), ("2023", "2024", 1, 0), ("v22h2", "v1703", 1, 0), ("17134", "18363", 1, 1),
        ("39b51ef7", "7e484ec8", 1, 1), ("ord77812", "ord77813", 1, 1),
    ],
    ids=["a count", "a year", "a version", "a build", "an asset's id", "an order"],
)  # fmt: skip
def test_two_records_are_told_by_numbers_or_identifiers(one: str, other: str, matter: int, document: int) -> None:
    rows = filled((one, "oslo"), (other, "oslo"))
    assert together(rows, numbers=True) == [0, matter]
    assert together(rows, numbers=False) == [0, document]


def test_a_number_is_told_beside_other_edits() -> None:
    rows = filled(("7", "oslo"), ("8", "oslo"))
    rows[1][-1] = "weeks"
    assert together(rows) == [0, 1]


PAGE = "the {0} class stands for a device and so every {0} has a name while some {0} parts have none at all"


def test_two_pages_about_other_things_are_told_by_the_name_that_stands_throughout() -> None:
    one, other = (PAGE.format(name).split() for name in ("adapter", "printer"))
    assert together([one, other], numbers=False)[1] >= 2


def test_a_name_that_stays_somewhere_is_an_edit() -> None:
    one, other = PAGE.format("adapter").split(), [*PAGE.format("printer").split(), "adapter"]
    assert together([one, other], numbers=False) == [0, 0]


def test_a_word_put_in_front_throughout_is_no_other_name() -> None:
    one, other = (PAGE.format(name).split() for name in ("powershell", "windows powershell"))
    assert together([one, other], numbers=False) == [0, 0]


def test_versions_that_differ_throughout_are_no_names() -> None:
    one, other = (PAGE.format(name).split() for name in ("7", "5"))
    assert together([one, other], numbers=False) == [0, 0]


def test_equal_sets_of_shingles_hold_no_other_values() -> None:
    rows = filled(("7", "oslo"), ("8", "oslo"))
    assert kernel_values(rows, [0, 0], [(0, 1)], [0, 1], 5, True, score=1.0) == [0, 0]


@settings(max_examples=100)
@given(group=groups(), numbers=st.booleans(), data=st.data())
def test_the_order_of_rows_and_edges_changes_nothing(
    group: tuple[list[list[str]], list[int], list[tuple[int, int]], list[int]], numbers: bool, data: st.DataObject
) -> None:
    rows, keeper, edges, ranks = group
    found = kernel_values(rows, keeper, edges, ranks, 5, numbers)
    new = data.draw(st.permutations(range(len(rows))))
    back = [new.index(i) for i in range(len(rows))]
    moved = [(new[a], new[b]) for a, b in data.draw(st.permutations(edges))]
    again = kernel_values(
        [rows[i] for i in back], [new[keeper[i]] for i in back], moved, [ranks[i] for i in back], 5, numbers
    )
    assert again == [found[i] for i in back]
