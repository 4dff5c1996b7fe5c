"""Segments: the people of a file, or of a view that a team has, for whom a report is made."""

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql as words

from clients.postgres import Connection, is_of_the_server
from domain.eligibility import SegmentFacts
from domain.errors import InputRefusedError, NotFoundError, UsageError
from domain.recipients_file import INVISIBLE_CHARACTERS, USER_ID_COLUMN, USER_ID_PATTERN
from sql import query

_FILE_KINDS: Final = (".csv", ".xlsx", ".txt")
_VIEW: Final = re.compile(r"([^.\s/\\]+)\.([^.\s/\\]+)")
_REMOVE_INVISIBLE: Final = str.maketrans("", "", INVISIBLE_CHARACTERS)
_MOST_LISTED_PROBLEMS: Final = 1000
_MOST_EXACT_DIGITS: Final = 15


def begin_report(connection: Connection) -> None:
    """Make the connection's table of the people of a segment, empty."""
    connection.execute(query("eligibility/create_segment"))
    connection.execute(query("eligibility/clear_segment"))


def load_segment(connection: Connection, text: str) -> SegmentFacts:
    """Put the people of a segment into the connection's table: a file of ids, or a view named `schema.view`.

    Unusable ids are left out and reported. Raises NotFoundError without the file or the view, UsageError for what is
    neither, and InputRefusedError for a file or view without a column `user_id` or without any usable id.
    """
    begin_report(connection)
    path = Path(text)
    if path.suffix.lower() in _FILE_KINDS:
        found = _cells_of(path)
        source = path.name
    elif match := _VIEW.fullmatch(text):
        found = _cells_of_view(connection, *match.groups())
        source = text
    else:
        raise UsageError(f"The segment {text} is neither a .csv, .xlsx or .txt file nor a view as schema.view.")
    return _keep(connection, found, source=source)


def _keep(connection: Connection, cells: Iterable[tuple[int, Any]], *, source: str) -> SegmentFacts:
    seen: set[str] = set()
    problems: list[tuple[int, str]] = []
    bad_count = 0
    taking_in = query("eligibility/copy_segment")
    with connection.transaction(), connection.cursor() as cursor, cursor.copy(taking_in) as copy:
        for number, cell in cells:
            user_id = _id_of(cell)
            if user_id is None:
                bad_count += 1
                if len(problems) < _MOST_LISTED_PROBLEMS:
                    problems.append((number, _problem(cell)))
            elif user_id not in seen:
                seen.add(user_id)
                copy.write_row((user_id,))
    if not seen:
        raise InputRefusedError(f"The segment {source} holds no usable user id; it needs one in each line or row.")
    return SegmentFacts(source, len(seen), bad_count, tuple(problems))


def _id_of(cell: Any) -> str | None:
    """Return a cell as an id, or None; a number that may have lost digits is none."""
    if isinstance(cell, float):
        if not cell.is_integer() or abs(cell) >= 10**_MOST_EXACT_DIGITS:
            return None
        cell = int(cell)
    text = str(cell).translate(_REMOVE_INVISIBLE).strip()
    return text if re.fullmatch(USER_ID_PATTERN, text) else None


def _problem(cell: Any) -> str:
    if isinstance(cell, float):
        return "The user id is stored as a number and may have lost digits; store it as text."
    return f"The user id {str(cell)[:40]!r} is not 5 to 20 digits."


def _cells_of(path: Path) -> Iterator[tuple[int, Any]]:
    if not path.is_file():
        raise NotFoundError(f"There is no file {path}; check its name and folder.")
    try:
        if path.suffix.lower() == ".txt":
            return _lines(path)
        rows = _csv_rows(path) if path.suffix.lower() == ".csv" else _xlsx_rows(path)
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputRefusedError(f"{path.name} is no UTF-8 text that can be read ({error}); save it again.") from error
    header = [str(name or "").strip() for name in (rows[0] if rows else [])]
    if USER_ID_COLUMN not in header:
        found = ", ".join(filter(None, header))[:200] or "none"
        raise InputRefusedError(f"{path.name} has no column {USER_ID_COLUMN} (its first row holds: {found}).")
    place = header.index(USER_ID_COLUMN)
    return (
        (number, row[place])
        for number, row in enumerate(rows[1:], start=2)
        if len(row) > place and row[place] not in (None, "")
    )


def _lines(path: Path) -> Iterator[tuple[int, Any]]:
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    return ((number, line) for number, line in enumerate(lines, start=1) if line.strip() not in ("", USER_ID_COLUMN))


def _csv_rows(path: Path) -> list[list[Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = file.readline()
        file.seek(0)
        return list(csv.reader(file, delimiter=max(",;\t", key=first.count)))


def _xlsx_rows(path: Path) -> list[list[Any]]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
        return sheet.to_python(skip_empty_area=False)
    except (CalamineError, OSError) as error:
        raise InputRefusedError(f"{path.name} cannot be read as an .xlsx file; save it again.") from error


def _cells_of_view(connection: Connection, schema: str, view: str) -> Iterator[tuple[int, Any]]:
    """Read the ids of a view. Its name is no value, which a parameter could hold: it is quoted as an identifier."""
    statement = words.SQL("SELECT DISTINCT {column}::text AS user_id FROM {view}").format(
        column=words.Identifier(USER_ID_COLUMN), view=words.Identifier(schema, view)
    )
    try:
        rows = connection.execute(statement).fetchall()
    except psycopg.errors.UndefinedTable as error:
        raise NotFoundError(f"There is no view {schema}.{view} in this database.") from error
    except psycopg.errors.UndefinedColumn as error:
        raise InputRefusedError(f"The view {schema}.{view} has no column {USER_ID_COLUMN}.") from error
    except psycopg.Error as error:
        if is_of_the_server(error):
            raise
        first = str(error).splitlines()[0]
        raise InputRefusedError(f"The view {schema}.{view} cannot be read: {first}.") from error
    return ((number, row["user_id"]) for number, row in enumerate(rows, start=1) if row["user_id"] is not None)
