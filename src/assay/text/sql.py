"""Whether SQL parses, by sqlglot, in the dialect that a fence names. Extra: code."""

from __future__ import annotations

import logging

LONGEST = 100_000  # characters of one script
# What people write behind a fence, and sqlglot's name of it; "" is its own reading, a superset of many.
DIALECTS = {
    "sql": "",
    "bigquery": "bigquery",
    "clickhouse": "clickhouse",
    "duckdb": "duckdb",
    "hive": "hive",
    "mariadb": "mysql",
    "mssql": "tsql",
    "mysql": "mysql",
    "oracle": "oracle",
    "pgsql": "postgres",
    "plsql": "oracle",
    "postgres": "postgres",
    "postgresql": "postgres",
    "presto": "presto",
    "redshift": "redshift",
    "snowflake": "snowflake",
    "sparksql": "spark",
    "sqlite": "sqlite",
    "sqlite3": "sqlite",
    "trino": "trino",
    "tsql": "tsql",
}


def sql_errors(code: str, dialect: str) -> list[int] | None:
    """1-based lines where SQL does not parse; None for what holds no statement, or is longer than LONGEST.

    dialect: sqlglot's name. Statements that sqlglot knows but does not parse (vendors' own commands) are no errors.
    """
    import sqlglot
    from sqlglot.errors import ErrorLevel, ParseError, SqlglotError

    if len(code) > LONGEST:
        return None
    logger = logging.getLogger("sqlglot")
    before, logger.disabled = logger.disabled, True  # it warns about every command that it only passes on
    try:
        parsed = sqlglot.parse(code, read=dialect or None, error_level=ErrorLevel.RAISE)
    except ParseError as error:
        return sorted({int(one.get("line") or 1) for one in error.errors}) or [1]
    except (SqlglotError, RecursionError):
        return [1]  # the tokenizer's: a string or a comment that never ends
    finally:
        logger.disabled = before
    return [] if any(statement is not None for statement in parsed) else None
