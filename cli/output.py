"""What commands print: one JSON value for machines, tables and sentences for people."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import click


def is_terminal() -> bool:
    """Say whether a person looks at the output."""
    return sys.stdout.isatty()


def print_json(value: Any) -> None:
    """Print exactly one JSON value: ids as texts, times in UTC as ISO 8601."""
    click.echo(json.dumps(value, default=_plain, ensure_ascii=False))


def print_json_list(values: Iterable[Any]) -> None:
    """Print a JSON array without holding it in memory."""
    click.echo("[", nl=False)
    for place, value in enumerate(values):
        click.echo(("," if place else "") + "\n" + json.dumps(value, default=_plain, ensure_ascii=False), nl=False)
    click.echo("\n]")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Print a table, or the sentence `empty` when there are no rows."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, box=box.SIMPLE_HEAD)
    for row in rows:
        table.add_row(*("" if cell is None else _shown(cell) for cell in row))
    if not table.row_count:
        click.echo(empty)
        return
    # Without a terminal nobody sees an edge, and a cut id would be useless: take the width that is needed.
    Console(width=None if is_terminal() else 240, highlight=False).print(table)


def say(sentence: str) -> None:
    """Tell the person at the terminal something that is no result: it goes to stderr."""
    click.echo(sentence, err=True)


def utc(moment: datetime | None) -> str | None:
    """Return a time in UTC as ISO 8601."""
    return None if moment is None else moment.astimezone(UTC).isoformat()


def _shown(cell: object) -> str:
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return str(cell)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return utc(value)
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
