"""Licences said in a text: SPDX headers, and sentences that only one licence has."""

from __future__ import annotations

import re

# Identifiers of the SPDX list that occur in public code, in the list's spelling (spdx.org/licenses, 3.25, abridged).
KNOWN = (
    "0BSD AFL-3.0 AGPL-1.0-only AGPL-3.0 AGPL-3.0-only AGPL-3.0-or-later Apache-1.0 Apache-1.1 Apache-2.0 APSL-2.0 "
    "Artistic-1.0 Artistic-2.0 Beerware BlueOak-1.0.0 BSD-1-Clause BSD-2-Clause BSD-2-Clause-Patent BSD-3-Clause "
    "BSD-3-Clause-Clear BSD-3-Clause-LBNL BSD-4-Clause BSD-Source-Code BSL-1.0 BUSL-1.1 CAL-1.0 CC-BY-1.0 CC-BY-2.0 "
    "CC-BY-2.5 CC-BY-3.0 CC-BY-4.0 CC-BY-NC-3.0 CC-BY-NC-4.0 CC-BY-NC-ND-3.0 CC-BY-NC-ND-4.0 CC-BY-NC-SA-3.0 "
    "CC-BY-NC-SA-4.0 CC-BY-ND-3.0 CC-BY-ND-4.0 CC-BY-SA-2.0 CC-BY-SA-2.5 CC-BY-SA-3.0 CC-BY-SA-4.0 CC-PDDC CC0-1.0 "
    "CDDL-1.0 CDDL-1.1 CDLA-Permissive-1.0 CDLA-Permissive-2.0 CECILL-2.1 CECILL-B CECILL-C CERN-OHL-P-2.0 "
    "CERN-OHL-S-2.0 CERN-OHL-W-2.0 CPAL-1.0 CPL-1.0 ECL-2.0 EFL-2.0 Elastic-2.0 EPL-1.0 EPL-2.0 EUPL-1.1 EUPL-1.2 FTL "
    "GFDL-1.1 GFDL-1.2 GFDL-1.3 GFDL-1.3-only GFDL-1.3-or-later GPL-1.0-only GPL-1.0-or-later GPL-2.0 GPL-2.0+ "
    "GPL-2.0-only GPL-2.0-or-later GPL-3.0 GPL-3.0+ GPL-3.0-only GPL-3.0-or-later HPND ICU IJG Intel IPL-1.0 ISC "
    "JSON LGPL-2.0-only LGPL-2.0-or-later LGPL-2.1 LGPL-2.1+ LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0 LGPL-3.0+ "
    "LGPL-3.0-only LGPL-3.0-or-later Libpng LPL-1.02 LPPL-1.3c MIT MIT-0 MIT-CMU MIT-Modern-Variant MPL-1.0 MPL-1.1 "
    "MPL-2.0 MPL-2.0-no-copyleft-exception MS-PL MS-RL MulanPSL-2.0 NCSA NPL-1.1 ODbL-1.0 ODC-By-1.0 OFL-1.0 OFL-1.1 "
    "OLDAP-2.8 OpenSSL OSL-3.0 PDDL-1.0 PHP-3.01 PostgreSQL PSF-2.0 Python-2.0 QPL-1.0 Ruby SGI-B-2.0 SISSL Sleepycat "
    "SSPL-1.0 TCL Unicode-3.0 Unicode-DFS-2016 Unlicense UPL-1.0 Vim W3C WTFPL X11 Xnet Zend-2.0 Zlib ZPL-2.1"
)
_SPELLED = {name.lower(): name for name in KNOWN.split()}
_EXCEPTION = re.compile(r"[A-Za-z0-9.-]+-exception(-[0-9.]+)?|LLVM-exception|Linux-syscall-note", re.A)
_HEADER = re.compile(r"SPDX-License-Identifier:[ \t]*([A-Za-z0-9.+():\- \t]{1,200})", re.A)
_TOKEN = re.compile(r"\(|\)|[A-Za-z0-9.+:\-]+", re.A)
_SPACES = re.compile(r"[\s*#/;>|%]+")  # white space, and what comments put before their lines
# A sentence of the licence's text or of the notice that it asks for, lower-cased with single spaces; first match wins.
_GNU = "general public license as published by the free software foundation"
_FOR_ANY = (
    "permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby"
)
_PHRASES: tuple[tuple[str, str], ...] = (
    (f"gnu affero {_GNU}, either version 3", "AGPL-3.0-or-later"),
    (f"gnu lesser {_GNU}; either version 2.1", "LGPL-2.1-or-later"),
    (f"gnu lesser {_GNU}, either version 3", "LGPL-3.0-or-later"),
    (f"gnu {_GNU}; either version 2", "GPL-2.0-or-later"),
    (f"gnu {_GNU}, either version 2", "GPL-2.0-or-later"),
    (f"gnu {_GNU}, either version 3", "GPL-3.0-or-later"),
    ("gnu general public license version 2 as published by the free software foundation", "GPL-2.0-only"),
    ("gnu affero general public license version 3", "AGPL-3.0-only"),
    ("licensed under the apache license, version 2.0", "Apache-2.0"),
    ("apache license version 2.0, january 2004", "Apache-2.0"),
    ("subject to the terms of the mozilla public license, v. 2.0", "MPL-2.0"),
    ("mozilla public license version 2.0", "MPL-2.0"),
    (f"{_FOR_ANY} granted, provided", "ISC"),
    (f"{_FOR_ANY} granted.", "0BSD"),
    ("this is free and unencumbered software released into the public domain", "Unlicense"),
    ("boost software license - version 1.0", "BSL-1.0"),
    ("distributed under the boost software license, version 1.0", "BSL-1.0"),
    ("'as-is', without any express or implied warranty. in no event will the authors be held liable", "Zlib"),
    ("eclipse public license v2.0", "EPL-2.0"),
    ("eclipse public license - v 2.0", "EPL-2.0"),
    ("sil open font license, version 1.1", "OFL-1.1"),
    ("creative commons attribution-sharealike 4.0", "CC-BY-SA-4.0"),
    ("creative commons attribution-noncommercial 4.0", "CC-BY-NC-4.0"),
    ("creative commons attribution 4.0", "CC-BY-4.0"),
    ("cc0 1.0 universal", "CC0-1.0"),
    ("permission is hereby granted, free of charge, to any person obtaining a copy of this software", "MIT"),
    ("licensed under the mit license", "MIT"),
    ("released under the mit license", "MIT"),
)
_BSD = "redistribution and use in source and binary forms, with or without modification, are permitted"
# What one of these must stand in the lower-cased text before the phrases are tried at all.
_HINTS = ("license", "licence", "permission", "redistribution", "public domain", "warranty", "creative commons", "cc0")


class _Expression:
    """Licence expressions of SPDX, annex D: identifiers, +, WITH, AND, OR, brackets."""

    def __init__(self, text: str) -> None:
        self.tokens, self.at, self.unknown = _TOKEN.findall(text), 0, set[str]()

    def whole(self) -> str | None:
        """The expression from the start on, in one spelling, as far as it goes; None where it does not begin as one."""
        return self._any()

    def _next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _any(self) -> str | None:
        return self._joined("OR", self._all)

    def _all(self) -> str | None:
        return self._joined("AND", self._one)

    def _joined(self, word: str, part: object) -> str | None:
        first = part()  # type: ignore[operator]
        parts = [first]
        while first is not None and self._next().upper() == word:
            mark = self.at
            self.at += 1
            more = part()  # type: ignore[operator]
            if more is None:
                self.at = mark
                break
            parts.append(more)
        return first if len(parts) == 1 else f" {word} ".join(parts)

    def _one(self) -> str | None:
        token = self._next()
        if token == "(":
            self.at += 1
            inside = self._any()
            if inside is None or self._next() != ")":
                return None
            self.at += 1
            return f"({inside})"
        if not token or token == ")" or token.upper() in ("AND", "OR", "WITH"):
            return None
        self.at += 1
        name = self._known(token)
        if self._next().upper() == "WITH" and self.at + 1 < len(self.tokens):
            exception = self.tokens[self.at + 1]
            if not _EXCEPTION.fullmatch(exception):
                self.unknown.add(exception)
            self.at += 2
            return f"{name} WITH {exception}"
        return name

    def _known(self, token: str) -> str:
        name = token.rstrip(".")
        found = _SPELLED.get(name.lower()) or (_SPELLED.get(name[:-1].lower()) if name.endswith("+") else None)
        if found is None and not name.startswith(("LicenseRef-", "DocumentRef-")):
            self.unknown.add(name)
        return (found + "+" if name.endswith("+") and not found.endswith("+") else found) if found else name


def parse_expression(text: str) -> tuple[str | None, tuple[str, ...]]:
    """A licence expression in the list's spelling, and the identifiers that the list does not have, sorted."""
    expression = _Expression(text)
    found = expression.whole()
    return found, tuple(sorted(expression.unknown))


def named_licences(text: str) -> tuple[str | None, tuple[str, ...]]:
    """The licence that a text says it is under, as an SPDX expression, and the unknown identifiers in it.

    All different SPDX headers, joined by AND; without one, the first licence whose words the text has; else None.
    """
    if "SPDX-License-Identifier:" in text:
        found, unknown = dict[str, None](), set[str]()
        for header in _HEADER.finditer(text):
            expression, odd = parse_expression(header[1])
            if expression is not None:
                found[expression] = None
                unknown.update(odd)
        if found:
            several = len(found) > 1
            joined = " AND ".join(f"({one})" if several and " OR " in one else one for one in found)
            return joined, tuple(sorted(unknown))
    lower = text.lower()
    if not any(hint in lower for hint in _HINTS):
        return None, ()
    plain = _SPACES.sub(" ", lower).replace("\u2018", "'").replace("\u2019", "'").replace("licence", "license")
    for phrase, name in _PHRASES:
        if phrase in plain:
            return name, ()
    if _BSD in plain:
        return (
            "BSD-3-Clause" if "neither the name" in plain or "names of its contributors" in plain else "BSD-2-Clause"
        ), ()
    return None, ()


def identifiers(expression: str) -> frozenset[str]:
    """Licences named in an expression, in lower case, `-only`, `-or-later` and `+` left out."""
    names = (t.lower() for t in _TOKEN.findall(expression) if t not in "()" and t.upper() not in ("AND", "OR", "WITH"))
    return frozenset(name.removesuffix("+").removesuffix("-only").removesuffix("-or-later") for name in names)
