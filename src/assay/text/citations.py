"""Citations in a text as identifiers that can be looked up: laws, cases, papers, standards, authors with a year."""

from __future__ import annotations

import re
from collections.abc import Iterator

_CFR = re.compile(
    r"\b(\d{1,2})\s+C\.?\s?F\.?\s?R\.?\s*(?:§{1,2}\s{0,3}|[Pp]arts?\s+|[Ss]ec(?:tion|\.)\s+)?(\d+(?:\.\d+[a-z]?)?)"
)
_USC = re.compile(r"\b(\d{1,2})\s+U\.?\s?S\.?\s?C\.?(?:\s?A\.?)?\s*(?:§{1,2}\s{0,3})?(\d+[a-z]{0,2})\b")
_SECTION = re.compile(r"§{1,3}\s{0,3}(\d+[a-z]{0,2}(?:[.-]\d+[a-z]?)*)")
_NAMED_SECTION = re.compile(r"\b[Ss]ec(?:tion|\.)\s+(\d+[a-z]{0,2}(?:[.-]\d+[a-z]?)*)")
_REPORTERS = (
    r"U\.\s?S\.|S\.\s?Ct\.|L\.\s?Ed\.(?:\s?2d)?|F\.(?:\s?2d|\s?3d|\s?4th)?|F\.\s?Supp\.(?:\s?2d|\s?3d)?|"
    r"N\.\s?[EW]\.(?:\s?2d|\s?3d)?|S\.\s?[EW]\.(?:\s?2d|\s?3d)?|So\.(?:\s?2d|\s?3d)?|P\.(?:\s?2d|\s?3d)|A\.(?:\s?2d|\s?3d)|"
    r"Cal\.(?:\s?\dth|\s?2d|\s?3d)?|N\.\s?Y\.(?:\s?2d|\s?3d)?"
)
_REPORT = re.compile(rf"\b(\d{{1,4}})\s+({_REPORTERS})\s+(\d{{1,5}})\b")
# Every repetition is bounded: a megabyte without a space must not take hours.
_PARTY = r"[A-Z][\w.'&-]{0,40}(?:\s(?:of|the|and|for|[A-Z][\w.'&-]{0,40})){0,5}?"
_CASE = re.compile(rf"\b({_PARTY})\s{{1,9}}v\.\s{{1,9}}([A-Z][\w'&-]{{1,40}})")
_ARXIV = re.compile(r"(?i)\barxiv(?:\.org)?[:\s/]*(?:abs/|pdf/)?(\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})")
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s\"'<>\]\[{}|\\^`“”]+")
_RFC = re.compile(r"\bRFC[\s#-]{0,2}0*(\d{1,5})\b")
# (Smith 2020), (Smith & Jones, 2020; Lee et al. 2019), Smith et al. (2020): the first author and the year.
_NAME = r"(?:(?:van|von|de|der|la|le|di)\s){0,2}[A-ZÀ-ÖØ-Þ](?:['’][A-Z])?[a-zß-öø-ÿ][\w'’-]{0,40}"
_MORE = rf"(?:\s+et\s+al\.?|(?:,\s+{_NAME}){{0,9}},?\s+(?:&|and)\s+{_NAME})?"
_IN_BRACKETS = re.compile(
    rf"(?<=[(;])\s*(?:(?:see|cf\.?|e\.g\.,?|in|also)\s+)*({_NAME}){_MORE},?\s+((?:19|20)\d\d)[a-z]?(?=[);,:])"
)
_BEFORE_YEAR = re.compile(rf"\b({_NAME})(?:\s+et\s+al\.?|\s+(?:&|and)\s+{_NAME})?\s+\(((?:19|20)\d\d)[a-z]?\)")
# A month or a word of time before a year is no author.
_NO_AUTHORS = frozenset((
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December", "Jan", "Feb", "Mar", "Apr", "Jun", "Jul", "Aug", "Sept", "Sep", "Oct", "Nov",
    "Dec", "Spring", "Summer", "Autumn", "Fall", "Winter", "Since", "In", "From", "Until", "By", "Around",
    "Circa", "Early", "Late", "Mid", "Q1", "Q2", "Q3", "Q4", "Copyright", "Version", "Edition", "Season",
    "Year", "FY", "World", "Cup", "Act", "Olympics",
))  # fmt: skip
_NUMBERED = re.compile(r"(?<![\w\])])\[(\d{1,3}(?:\s*[,–-]\s*\d{1,3})*)\](?![(:\w])")
_DEFINED = re.compile(r"(?m)^\s{0,3}(?:\[\^?(\d{1,3})\]:?|(\d{1,3})\.)\s+\S")
_REFERENCES = re.compile(r"(?im)^[#* \t]*(?:references|bibliography|sources|works cited|notes|literature)\b[*: \t]*$")


def cited(text: str) -> dict[str, tuple[str, ...]]:
    """Citations as written -> the identifiers any of which resolves it, in order of their place.

    `45 CFR 164.512(a)` is resolved by `cfr 45 164.512` or `section 164.512`; a case by its reporter's page, or by its
    parties where no page follows. Numbers such as [3] are left to `dangling_numbers`.
    """
    return {written: keys for _, written, keys in sorted(_found(text))}


def identifiers(text: str) -> frozenset[str]:
    """Every identifier that a text mentions, those of authors left out: see Authorities.mentions."""
    out = {key for _, _, keys in _found(text) for key in keys if not key.startswith("author ")}
    out |= {f"section {match[1]}" for match in _NAMED_SECTION.finditer(text)}
    out |= {f"case {_party(match[1])} v {match[2].lower()}" for match in _CASE.finditer(text)}
    return frozenset(out)


def _found(text: str) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    taken: list[tuple[int, int]] = []
    for match in _CFR.finditer(text):
        taken.append(match.span())
        yield match.start(), _written(match), (f"cfr {match[1]} {match[2]}", f"section {match[2]}")
    for match in _USC.finditer(text):
        taken.append(match.span())
        yield match.start(), _written(match), (f"usc {match[1]} {match[2]}", f"section {match[2]}")
    for match in _SECTION.finditer(text):
        if not any(start <= match.start() < end for start, end in taken):
            yield match.start(), _written(match), (f"section {match[1]}",)
    pages = []
    for match in _REPORT.finditer(text):
        pages.append(match.start())
        reporter = re.sub(r"[\s.]", "", match[2]).lower()
        yield match.start(), _written(match), (f"report {match[1]} {reporter} {match[3]}",)
    for match in _CASE.finditer(text):
        if not any(0 <= page - match.end() <= 60 for page in pages):
            yield match.start(), _written(match), (f"case {_party(match[1])} v {match[2].lower()}",)
    for match in _ARXIV.finditer(text):
        yield match.start(), _written(match), (f"arxiv {match[1].lower()}",)
    for match in _DOI.finditer(text):
        doi = match[0].rstrip(".,;:!?)").lower()
        yield match.start(), match[0].rstrip(".,;:!?)"), (f"doi {doi}",)
    for match in _RFC.finditer(text):
        yield match.start(), _written(match), (f"rfc {match[1]}",)
    for pattern in (_IN_BRACKETS, _BEFORE_YEAR):
        for match in pattern.finditer(text):
            if match[1] not in _NO_AUTHORS:
                yield match.start(1), f"{match[1]} {match[2]}", (f"author {match[1].lower()} {match[2]}",)


def _written(match: re.Match[str]) -> str:
    return " ".join(match[0].split())


def _party(name: str) -> str:
    """The last word of the first party: `the State of Ohio` and `Ohio` are one."""
    return name.split()[-1].lower()


def dangling_numbers(text: str, given: int) -> list[str] | None:
    """Citations such as [3] that neither the text's own list of references nor `given` passages (numbered from 1)
    explain; None where nothing is cited so, or there is neither list nor passages to hold them against."""
    head = _REFERENCES.search(text)
    known = set(range(1, given + 1))
    for match in _DEFINED.finditer(text):
        if match[1] or (head and match.start() > head.start()):  # other numbered lines are steps
            known.add(int(match[1] or match[2]))
    used: dict[int, None] = {}
    for match in _NUMBERED.finditer(text):
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        if not line.strip():
            continue  # the definition itself
        for part in match[1].split(","):
            low, _, high = part.replace("–", "-").partition("-")
            first, last = int(low), int(high or low)
            used.update(dict.fromkeys(range(first, min(last, first + 50) + 1)))
    if not used or not known:
        return None
    return [f"[{number}]" for number in used if number not in known]
