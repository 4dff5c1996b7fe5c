"""Whether rows of a file are interactions: judged a column at a time where they are plain, one by one where not.

Most rows of a large file are plain, and Arrow tells in no time which are. Whatever is not plainly right is judged by
the same careful rules as a row of a workbook: they alone decide what is bad, and say why.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any, Final, NamedTuple

from domain.errors import CampaignError, InputRefusedError
from domain.recipients_file import INVISIBLE_CHARACTERS
from domain.times import parse_moment
from domain.window import InteractionKind
from tasks.interaction_files import Batch, Row

_REMOVE_INVISIBLE: Final = str.maketrans("", "", INVISIBLE_CHARACTERS)
_MOST_EXACT_DIGITS: Final = 15
_LONGEST_USER_ID: Final = 32
_FIRST_YEAR: Final = 2000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# The platform's message ids have some 150 characters; an entry of Postgres' index has 2,704 bytes at most.
_LONGEST_EVENT_ID: Final = 500

# What is plain, as regular expressions of RE2. Days that only some years have, and the turn of the millennium, which
# is another year in other zones, are no matter of a pattern, and so not plain.
_PLAIN_DIGITS: Final = rf"^[0-9]{{1,{_LONGEST_USER_ID}}}$"
_PLAIN_EVENT_ID: Final = r"^[!-~]{1,500}$"
_PLAIN_EPOCH: Final = r"^[1-9][0-9]{12}$"
_PLAIN_LOCAL: Final = (
    r"^20(?:0[1-9]|[1-9][0-9])-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
)
_NOTHING: Final = r"[^\s\S]"
_PLAIN_OFFSET: Final = r"(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])"


class LoadedRow(NamedTuple):
    """An interaction as its loading table takes it."""

    account_id: int
    user_id: str
    kind: str
    occurred_at: datetime
    event_id: str


@dataclass(frozen=True)
class FileRules:
    """What a file's rows are judged by: the accounts by name and platform id, and the zones of its times."""

    accounts: Mapping[str, int]
    time_zone: str | None
    default_time_zone: str | None


@dataclass
class Judged:
    """What a batch holds: columns of good rows, as tables of Arrow, and (row number, sentence) of each bad one."""

    tables: list[Any] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
    row_count: int = 0


def judge_batch(batch: Batch, rules: FileRules) -> Judged:
    """Judge the rows of a batch. Blank ones are none."""
    judged = Judged()
    odd: list[Row] = list(batch.others)
    if batch.size:
        plain, rest = _split(batch, rules)
        judged.tables.append(plain)
        judged.row_count += plain.num_rows
        odd += [row for row in batch.rows(rest) if any(value not in (None, "") for value in row[1].values())]
    _judge_rows(sorted(odd, key=lambda row: row[0]), rules, judged)
    return judged


def _judge_rows(rows: Sequence[Row], rules: FileRules, judged: Judged) -> None:
    """Judge rows one by one, by the rules that decide."""
    good: list[LoadedRow] = []
    for number, row in rows:
        try:
            good.append(loaded_row(row, rules))
        except CampaignError as error:
            judged.problems.append((number, str(error)))
    judged.row_count += len(rows)
    if good:
        judged.tables.append(_table(zip(*good, strict=True)))


def loaded_row(row: Mapping[str, Any], rules: FileRules) -> LoadedRow:
    """Return the interaction that a row tells of. Raises CampaignError saying what is wrong with it."""
    account = _text(row.get("account"), "account")
    if account not in rules.accounts:
        raise InputRefusedError(f"there is no account {account!r}")
    user_id = _text(row.get("user_id"), "user_id").translate(_REMOVE_INVISIBLE)
    if not (user_id.isascii() and user_id.isdigit() and len(user_id) <= _LONGEST_USER_ID):
        raise InputRefusedError(f"the user_id {user_id!r} is not digits")
    kind = _kind_of(row.get("kind"))
    occurred_at = _moment_of(row.get("occurred_at"), rules)
    written = row.get("event_id")
    event_id = (
        derived_id(user_id, kind, occurred_at.isoformat()) if written in (None, "") else _text(written, "event_id")
    )
    if len(event_id) > _LONGEST_EVENT_ID:
        raise InputRefusedError(f"the event_id has {len(event_id)} characters; at most {_LONGEST_EVENT_ID} are kept")
    return LoadedRow(rules.accounts[account], user_id, kind.value, occurred_at, event_id)


def derived_id(user_id: str, kind: str, occurred_at: str) -> str:
    """Make an id of what is known, so that the same interaction without an id is kept once."""
    return "derived:" + hashlib.sha256(f"{user_id}|{kind}|{occurred_at}".encode()).hexdigest()[:32]


# one by one


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


def _moment_of(value: Any, rules: FileRules) -> datetime:
    if isinstance(value, datetime):
        text = value.isoformat()
    else:
        text = _text(value, "occurred_at")
        if text.isascii() and text.isdigit():
            return _epoch(text)
    moment = parse_moment(text, time_zone=rules.time_zone, default_time_zone=rules.default_time_zone)
    if moment.year < _FIRST_YEAR:
        raise InputRefusedError(f"the occurred_at {text} is before the year {_FIRST_YEAR}")
    return moment


def _epoch(text: str) -> datetime:
    try:
        moment = _EPOCH + timedelta(milliseconds=int(text))
    except (OverflowError, ValueError):
        moment = None
    if moment is None or moment.year < _FIRST_YEAR:
        raise InputRefusedError(f"the occurred_at {text} is not in epoch milliseconds")
    return moment


# a column at a time


def _split(batch: Batch, rules: FileRules) -> tuple[Any, list[int]]:
    """Return the plain rows of a batch as a table of good ones, and the places of all others."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = {name: _texts(column) for name, column in batch.columns.items()}
    times = texts["occurred_at"]
    event_ids = texts.get("event_id", pa.nulls(batch.size, pa.string()))
    has_none = _is_empty(batch.columns.get("event_id", event_ids))
    columns = {
        "account_id": _looked_up(texts["account"], rules.accounts),
        "user_id": _only(texts["user_id"], _PLAIN_DIGITS),
        "kind": _one_of(texts["kind"], list(InteractionKind)),
        "occurred_at": _moments(batch.columns["occurred_at"], times, rules),
    }
    has_id = pc.or_(has_none, _fits(event_ids, _PLAIN_EVENT_ID))
    is_plain = reduce(pc.and_, [column.is_valid() for column in columns.values()], has_id)
    plain = pa.table(columns | {"event_id": pc.if_else(has_none, None, event_ids)}).filter(is_plain)
    table = _as_written(_with_ids(plain), _written(times, rules).filter(is_plain))
    return table, pc.indices_nonzero(pc.invert(is_plain)).to_pylist()


def _texts(column: Any) -> Any:
    """Return a column as text: whole numbers as their digits; of any other type nothing, so that nothing is plain."""
    import pyarrow as pa

    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return column.cast(pa.string()) if is_text or pa.types.is_integer(kind) else pa.nulls(len(column), pa.string())


def _is_empty(column: Any) -> Any:
    """Say which cells hold nothing."""
    import pyarrow.compute as pc

    return pc.or_(column.is_null(), pc.fill_null(pc.equal(_texts(column), ""), fill_value=False))


def _one_of(texts: Any, known: Sequence[str]) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.if_else(pc.is_in(texts, value_set=pa.array(known, pa.string())), texts, None)


def _fits(texts: Any, pattern: str) -> Any:
    import pyarrow.compute as pc

    return pc.fill_null(pc.match_substring_regex(texts, pattern), fill_value=False)


def _looked_up(texts: Any, accounts: Mapping[str, int]) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    places = pc.index_in(texts, value_set=pa.array(list(accounts), pa.string()))
    return pc.take(pa.array(list(accounts.values()), pa.int64()), places)


def _moments(column: Any, texts: Any, rules: FileRules) -> Any:
    """Return a column of times in UTC; null is whatever is not plain."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_timestamp(column.type):
        return _of_timestamps(column, rules)
    moment = pa.timestamp("us", tz="UTC")
    epochs = _only(texts, _PLAIN_EPOCH).cast(pa.int64()).cast(pa.timestamp("ms", tz="UTC")).cast(moment)
    offsets = _written(texts, rules).cast(moment)
    local = _in_zone(_only(texts, f"{_PLAIN_LOCAL}$").cast(pa.timestamp("us")), rules)
    return pc.coalesce(epochs, offsets, local)


def _written(texts: Any, rules: FileRules) -> Any:
    """Return the times with an offset. Beside a zone that was given it may contradict it: that is judged one by one."""
    return _only(texts, f"{_PLAIN_LOCAL}{_PLAIN_OFFSET}$" if rules.time_zone is None else _NOTHING)


def _as_written(table: Any, written: Any) -> Any:
    """Hand times on as they are written where all are: Postgres reads them the same, and writing costs most of all."""
    if written.null_count:
        return table
    return table.set_column(table.schema.get_field_index("occurred_at"), "occurred_at", written)


def _only(texts: Any, pattern: str) -> Any:
    import pyarrow.compute as pc

    return pc.if_else(_fits(texts, pattern), texts, None)


def _of_timestamps(column: Any, rules: FileRules) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    if whole.type.tz is None:
        return _in_zone(whole, rules)
    moments = whole.cast(pa.timestamp("us", tz="UTC"))
    return pc.if_else(_in_calendar(moments) if rules.time_zone is None else False, moments, None)


def _in_calendar(moments: Any) -> Any:
    """Say which moments lie in the years that count; the first and the last days are judged one by one."""
    import pyarrow.compute as pc

    first, last = datetime(_FIRST_YEAR, 1, 2, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)
    return pc.and_(pc.greater_equal(moments, first), pc.less(moments, last))


def _in_zone(local: Any, rules: FileRules) -> Any:
    """Return local times as moments; null are those that the zone's clocks show twice or never, or without a zone."""
    import pyarrow as pa
    import pyarrow.compute as pc

    moment = pa.timestamp("us", tz="UTC")
    zone = rules.time_zone or rules.default_time_zone
    if zone is None:
        return pa.nulls(len(local), moment)
    early, late = (
        pc.assume_timezone(local, zone, ambiguous=side, nonexistent=side).cast(moment)
        for side in ("earliest", "latest")
    )
    return pc.if_else(pc.and_(pc.equal(early, late), _in_calendar(early)), early, None)


def _with_ids(table: Any) -> Any:
    """Give the rows without an event id the derived one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    event_ids = table["event_id"]
    if not event_ids.null_count:
        return table
    bare = table.filter(event_ids.is_null())
    known = zip(bare["user_id"].to_pylist(), bare["kind"].to_pylist(), bare["occurred_at"].to_pylist(), strict=True)
    made = pa.array([derived_id(user_id, kind, moment.isoformat()) for user_id, kind, moment in known], pa.string())
    filled = pc.replace_with_mask(event_ids.combine_chunks(), event_ids.is_null().combine_chunks(), made)
    return table.set_column(table.schema.get_field_index("event_id"), "event_id", filled)


def _table(columns: Any) -> Any:
    import pyarrow as pa

    types = (pa.int64(), pa.string(), pa.string(), pa.timestamp("us", tz="UTC"), pa.string())
    arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    return pa.table(arrays, names=list(LoadedRow._fields))
