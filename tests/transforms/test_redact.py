"""Redaction: nothing that was taken out stays, a second run changes nothing, pseudonyms are stable and shaped."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.core.errors import UserError
from assay.text.pii import REDACTED, find_pii
from assay.transforms import TRANSFORMS
from tests.kernels.test_pii import PIECES

KEY = "a key of more than sixteen bytes"
texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join)


def column(*values: str | None) -> pa.LargeStringArray:
    return pa.array(values, pa.large_string())


def redacted(*values: str | None, **params: object) -> list[str | None]:
    new, _ = TRANSFORMS.get("redact_pii").apply(column(*values), params)
    return [value.as_py() for value in new]


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("PII_KEY", KEY)
    return {"replace": "pseudonym", "key_env": "PII_KEY"}


@pytest.mark.parametrize("replace", ["tag", "pseudonym"])
@given(values=st.lists(texts, max_size=4))
def test_after_it_a_scan_finds_nothing_and_a_second_run_changes_nothing(replace: str, values: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PII_KEY", KEY)
        params = {"replace": replace, "key_env": "PII_KEY"}
        new, changes = TRANSFORMS.get("redact_pii").apply(column(*values), params)
        assert len(find_pii(new, REDACTED, True, True)) == 0
        again, none = TRANSFORMS.get("redact_pii").apply(new, params)
    assert again.equals(new)
    assert none.null_count == len(values)
    kept = [not change for change in changes.to_pylist()]
    assert [old == now for old, now in zip(values, new.to_pylist(), strict=True)] == kept


def test_tags_say_the_type_and_changes_never_what_was_there() -> None:
    new, changes = TRANSFORMS.get("redact_pii").apply(column("ask jo@firm.com, 81.2.69.160", None, "nothing", ""), {})
    assert new.to_pylist() == ["ask <EMAIL>, <IP>", None, "nothing", ""]
    first, *rest = changes.to_pylist()
    assert [(c["start"], c["end"], c["what"], c["note"]) for c in first] == [
        (4, 15, "email", None),
        (17, 28, "ip", None),
    ]
    assert rest == [None, None, None]


def test_a_pseudonym_is_the_same_for_the_same_value_in_any_record_and_spelling(key: dict[str, str]) -> None:
    one = redacted("Jo@Firm.com or +49 30 1234567", "x", **key)[0]
    other = redacted("tell jo@firm.COM, +49-30-1234567", **key)[0]
    assert one is not None
    assert other is not None
    assert set(re.findall(r"\S+@example\.org", one)) == set(re.findall(r"[^ ,]+@example\.org", other))
    assert one.split(" or ")[1] == other.split(", ")[1]


def test_another_key_gives_another_pseudonym(key: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    mine = redacted("jo@firm.com", **key)
    monkeypatch.setenv("PII_KEY", KEY + "!")
    assert redacted("jo@firm.com", **key) != mine


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("jo@firm.com", r"user\.[a-p]+@example\.org"),
        ("81.2.69.160", r"(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+"),
        ("2620:1ec:c11::200", r"2001:db8(:[0-9a-f]{4}){6}"),
        ("+41 44 668 18 00", r"\([2-9]\d\d\) 555-01\d\d"),
        ("4532015112830366", r"9999(-\d{4}){3}"),
        ("GB29 NWBK 6016 1331 9268 19", r"<IBAN:[a-p]+>"),
        ("AKIAIOSFODNN7ABCDEFG", r"<API_KEY:[a-p]+>"),
    ],
)
def test_a_pseudonym_keeps_the_shape_of_its_type(value: str, shape: str, key: dict[str, str]) -> None:
    found = redacted(f"({value})", **key)[0]
    assert re.fullmatch(rf"\({shape}\)", found or "")


def test_a_url_goes_whole_when_urls_are_named() -> None:
    assert redacted("see https://firm.com/?q=jo@firm.com now", types=["url", "email"]) == ["see <URL> now"]
    assert redacted("see https://firm.com/?q=jo@firm.com now") == ["see https://firm.com/?q=<EMAIL> now"]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"replace": "pseudonym"}, "E104: pseudonyms need a key"),
        ({"replace": "pseudonym", "key_env": "NOT_SET_ANYWHERE"}, "E104: the environment variable"),
        ({"replace": "pseudonym", "key_file": "/no/such/key"}, "E106: key_file"),
        ({"replace": "hide"}, "E104: replace"),
        ({"types": ["emails"]}, "did you mean 'email'"),
        ({"types": []}, "no type of personal data"),
    ],
)
def test_what_cannot_be_done_is_said(params: dict[str, object], said: str) -> None:
    with pytest.raises(UserError, match=said):
        redacted("x", **params)


def test_the_key_may_lie_in_a_file(tmp_path: Path, key: dict[str, str]) -> None:
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    assert redacted("jo@firm.com", replace="pseudonym", key_file=str(file)) == redacted("jo@firm.com", **key)
