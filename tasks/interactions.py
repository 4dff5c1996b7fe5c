"""Interactions: loaded from files, kept as evidence, and each person's newest opener raised."""

import csv
import hashlib
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from clients.postgres import Connection
from domain.account import Account
from domain.errors import CampaignError, InputRefusedError, NotFoundError
from domain.pace import Timing
from domain.recipients_file import INVISIBLE_CHARACTERS
from domain.times import parse_moment
from domain.window import FUTURE_TOLERANCE, OPENERS, InteractionKind
from sql import query
from tasks.windows import window_parameters

_COLUMNS: Final = ("account", "user_id", "kind", "occurred_at")
_OPTIONAL: Final = ("event_id",)
_REMOVE_INVISIBLE: Final = str.maketrans("", "", INVISIBLE_CHARACTERS)
_MOST_LISTED_PROBLEMS: Final = 1000
_MOST_EXACT_DIGITS: Final = 15
_FIRST_YEAR: Final = 2000
# The platform's message ids have some 150 characters; an entry of Postgres' index has 2,704 bytes at most.
_LONGEST_EVENT_ID: Final = 500


@dataclass(frozen=True)
class Interaction:
    """Something a person did, at the event's own time. `event_id` identifies it on its account."""

    account_id: int
    user_id: str
    kind: InteractionKind
    occurred_at: datetime
    event_id: str


@dataclass
class ImportReport:
    """What an import did. `problems` are (row as the file shows it, sentence), the first thousand of them."""

    row_count: int = 0
    new_count: int = 0
    known_count: int = 0
    bad_count: int = 0
    future_count: int = 0
    problems: list[tuple[int, str]] = field(default_factory=list)


def import_interactions(
    connection: Connection, path: Path, *, timing: Timing, time_zone: str | None, default_time_zone: str | None
) -> ImportReport:
    """Load a csv, xlsx or parquet file of interactions in one transaction; loading it again changes nothing.

    Columns: account (name or platform id), user_id, kind, occurred_at (ISO 8601 or epoch milliseconds), event_id (may
    be absent). Bad rows are reported and left out. Raises InputRefusedError, loading nothing, when a column is missing
    or the file cannot be read, and NotFoundError without the file.
    """
    rows = read_rows(path)
    accounts = _account_ids(connection)
    report = ImportReport()

    def good() -> Iterator[Interaction]:
        for row_number, row in rows:
            report.row_count += 1
            try:
                yield _interaction_of(row, accounts, time_zone=time_zone, default_time_zone=default_time_zone)
            except CampaignError as error:
                report.bad_count += 1
                if len(report.problems) < _MOST_LISTED_PROBLEMS:
                    report.problems.append((row_number, str(error)))

    loaded, report.new_count = store_interactions(connection, good(), timing=timing)
    report.known_count = loaded - report.new_count
    return report


def store_interactions(
    connection: Connection, interactions: Iterable[Interaction], *, timing: Timing
) -> tuple[int, int]:
    """Keep interactions, raise the newest openers and the turns of waiting messages, in one transaction.

    Cool-offs of people who wrote end, and messages that campaigns held for them become ready.

    Returns how many there were and how many of them are new.
    """
    count = 0
    with connection.transaction():
        connection.execute(query("interactions/create_loading_table"))
        with connection.cursor() as cursor, cursor.copy(query("interactions/copy")) as copy:
            for one in interactions:
                copy.write_row((one.account_id, one.user_id, one.kind.value, one.occurred_at, one.event_id))
                count += 1
        row = connection.execute(query("interactions/store")).fetchone()
        connection.execute(
            query("interactions/raise_last"),
            {
                "openers": [kind.value for kind in sorted(OPENERS)],
                "tolerance_seconds": FUTURE_TOLERANCE.total_seconds(),
            },
        )
        connection.execute(query("interactions/end_cool_offs"))
        connection.execute(query("interactions/recover_held"), window_parameters(timing))
        connection.execute(query("interactions/raise_turns"), {"margin_seconds": timing.margin_seconds})
        connection.execute(query("interactions/drop_loading_table"))
    return count, int(row["new_count"]) if row else 0


def list_interactions(
    connection: Connection, account: Account, *, user_id: str | None = None, most: int
) -> list[dict[str, Any]]:
    """Return what people did on an account, or one person, newest first: user_id, kind, occurred_at, event_id."""
    return connection.execute(
        query("interactions/list"), {"account_id": account.account_id, "user_id": user_id, "most": most}
    ).fetchall()


def read_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Return the rows of a csv, xlsx or parquet file as (row number as the file shows it, values by column).

    Raises NotFoundError without the file and InputRefusedError for a file that is none of these or lacks a column.
    """
    if not path.is_file():
        raise NotFoundError(f"There is no file {path}; check its name and folder.")
    match path.suffix.lower():
        case ".csv":
            rows = _csv_rows(path)
        case ".xlsx":
            rows = _xlsx_rows(path)
        case ".parquet":
            rows = _parquet_rows(path)
        case _:
            raise InputRefusedError(
                f"{path.name} is no .csv, .xlsx or .parquet file; save the interactions as one of these."
            )
    try:
        header = [str(name or "").strip() for name in next(rows, [])]
    except InputRefusedError:
        raise
    except Exception as error:
        raise InputRefusedError(
            f"{path.name} cannot be read as a {path.suffix} file ({type(error).__name__}); save it again."
        ) from error
    missing = [column for column in _COLUMNS if column not in header]
    if missing:
        found = ", ".join(filter(None, header)) or "none"
        raise InputRefusedError(
            f"{path.name} lacks the columns {', '.join(missing)} (it has: {found}); "
            f"nothing was loaded. Needed are {', '.join(_COLUMNS)}, and event_id if there is one."
        )
    return (
        (number, dict(zip(header, row, strict=False)))
        for number, row in enumerate(rows, start=2)
        if any(value not in (None, "") for value in row)
    )


def _csv_rows(path: Path) -> Iterator[list[Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            first = file.readline()
            separator = max(",;\t", key=first.count)
            yield from csv.reader(itertools.chain([first], file), delimiter=separator)
        except (UnicodeDecodeError, csv.Error) as error:
            raise InputRefusedError(
                f"{path.name} is no UTF-8 csv that can be read ({error}); nothing was loaded."
            ) from error


def _xlsx_rows(path: Path) -> Iterator[list[Any]]:
    from python_calamine import CalamineWorkbook

    sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
    # Rows above the first filled one count too, so that the numbers are the ones the spreadsheet shows.
    yield from sheet.to_python(skip_empty_area=False)


def _parquet_rows(path: Path) -> Iterator[list[Any]]:
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        yield list(file.schema_arrow.names)
        for batch in file.iter_batches():
            columns = [column.to_pylist() for column in batch.columns]
            yield from (list(row) for row in zip(*columns, strict=True))


def _account_ids(connection: Connection) -> dict[str, int]:
    rows = connection.execute(query("accounts/list")).fetchall()
    times = Counter(row["external_id"] for row in rows)
    # An id that two accounts share, on two channels, names neither of them.
    by_id = {row["external_id"]: row["account_id"] for row in rows if times[row["external_id"]] == 1}
    return {**by_id, **{row["name"]: row["account_id"] for row in rows}}


def _interaction_of(
    row: Mapping[str, Any], accounts: Mapping[str, int], *, time_zone: str | None, default_time_zone: str | None
) -> Interaction:
    account = _text(row.get("account"), "account")
    if account not in accounts:
        raise InputRefusedError(f"there is no account {account!r}")
    user_id = _text(row.get("user_id"), "user_id").translate(_REMOVE_INVISIBLE)
    if not (user_id.isascii() and user_id.isdigit() and len(user_id) <= 32):  # noqa: PLR2004  # the longest platform id
        raise InputRefusedError(f"the user_id {user_id!r} is not digits")
    kind = _kind_of(row.get("kind"))
    occurred_at = _moment_of(row.get("occurred_at"), time_zone=time_zone, default_time_zone=default_time_zone)
    written = row.get("event_id")
    event_id = _text(written, "event_id") if written not in (None, "") else _derived_id(user_id, kind, occurred_at)
    if len(event_id) > _LONGEST_EVENT_ID:
        raise InputRefusedError(f"the event_id has {len(event_id)} characters; at most {_LONGEST_EVENT_ID} are kept")
    return Interaction(accounts[account], user_id, kind, occurred_at, event_id)


def _kind_of(value: Any) -> InteractionKind:
    text = _text(value, "kind")
    if text not in list(InteractionKind):
        raise InputRefusedError(f"the kind {text!r} is none of {', '.join(InteractionKind)}")
    return InteractionKind(text)


def _text(value: Any, column: str) -> str:
    """Return a cell as text; numbers that a spreadsheet or float has rounded are refused, never repaired."""
    if isinstance(value, float):
        if not value.is_integer() or abs(value) >= 10**_MOST_EXACT_DIGITS:
            raise InputRefusedError(f"the {column} {value!r} is a number that may have lost digits; store it as text")
        value = int(value)
    text = "" if value is None else str(value).strip()
    if not text:
        raise InputRefusedError(f"the {column} is empty")
    if "\x00" in text:
        raise InputRefusedError(f"the {column} holds a NUL character")
    return text


def _moment_of(value: Any, *, time_zone: str | None, default_time_zone: str | None) -> datetime:
    if isinstance(value, datetime):
        text = value.isoformat()
    else:
        text = _text(value, "occurred_at")
        if text.isascii() and text.isdigit():
            return _epoch(text)
    moment = parse_moment(text, time_zone=time_zone, default_time_zone=default_time_zone)
    if moment.year < _FIRST_YEAR:
        raise InputRefusedError(f"the occurred_at {text} is before the year {_FIRST_YEAR}")
    return moment


def _epoch(text: str) -> datetime:
    try:
        moment = datetime.fromtimestamp(int(text) / 1000, tz=UTC)
    except (OverflowError, OSError, ValueError):
        moment = None
    if moment is None or moment.year < _FIRST_YEAR:
        raise InputRefusedError(f"the occurred_at {text} is not in epoch milliseconds")
    return moment


def _derived_id(user_id: str, kind: InteractionKind, occurred_at: datetime) -> str:
    """Make an id of what is known, so that the same interaction without an id is kept once."""
    return "derived:" + hashlib.sha256(f"{user_id}|{kind}|{occurred_at.isoformat()}".encode()).hexdigest()[:32]
