"""SQL in records: whether it parses in its dialect."""

from __future__ import annotations

import pyarrow as pa

from assay.records.schema import TEXT
from assay.signals.base import row_signal
from assay.signals.code import CODE_KINDS, code_columns, code_of
from assay.text.sql import DIALECTS, sql_errors

_LISTED = pa.list_(TEXT)
_MOST = 20


@row_signal(
    dimension="validity",
    kinds=CODE_KINDS,
    reads=code_columns,
    writes=_LISTED,
    unit='"tag:line"',
    source="sqlglot 28 or later",
    params={"sql_dialect": ""},
    default=False,
    python_bound=True,
    extra="code",
)
def sql_parse_errors(*, kind: str, sql_dialect: str, **columns: pa.Array) -> pa.ListArray:
    """Places where SQL does not parse, as "tag:line" of the text, at most 20.

    sql_dialect: sqlglot's name of the dialect of blocks tagged plain `sql`; "" is its own, a superset of many. Other
    tags (postgresql, mysql, sqlite ..) name theirs. Null without SQL; a block of comments alone is none.
    """
    out: list[list[str] | None] = []
    for blocks in code_of(kind, columns):
        found: list[str] = []
        judged = False
        for block in blocks:
            if block.meant and block.language in DIALECTS:
                lines = sql_errors(block.code, DIALECTS[block.language] or sql_dialect)
                judged |= lines is not None
                found += [f"{block.language}:{block.line + line - 1}" for line in lines or ()]
        out.append(found[:_MOST] if judged else None)
    return pa.array(out, _LISTED)
