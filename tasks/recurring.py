"""Lists that are submitted anew at every time of a cron expression: kept as rows, whose runs the sweep makes ahead."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Any, Final
from uuid import UUID, uuid5

from cronsim import CronSim, CronSimError
from uuid_utils.compat import uuid7

from clients.postgres import Connection
from clients.prefect_server import SUBMIT, RunOrder, Server, cancel_waiting, list_waiting, make_run, open_server
from clients.settings import Settings
from domain.errors import NotFoundError, UsageError
from domain.run_names import local_time, submit_name
from domain.sweep import SweepCode, SweepFinding
from domain.template_label import TemplateLabel, read_label
from domain.times import named_zone, occurrence
from sql import query
from tasks.templates import find_template
from tasks.windows import read_clock

# Runs are made so far ahead: an hour without a sweep costs nothing, and people see what comes.
_AHEAD: Final = timedelta(minutes=65)
# What lies further back than this is not even told any more.
_LOOKS_BACK: Final = timedelta(days=7)
_FIELDS: Final = 5
_MOST_AT_ONCE: Final = 500


@dataclass(frozen=True)
class Recurring:
    """A list that is submitted again and again: `words` are parameters of the flow `submit-campaign`."""

    recurring_id: UUID
    name: str
    cron: str
    time_zone: str
    words: Mapping[str, Any]
    made_until: datetime
    stopped_at: datetime | None


def occurrences(cron: str, *, time_zone: str, after: datetime) -> Iterator[datetime]:
    """Return the moments of a cron expression in a zone, each later than the one before, without end, in UTC.

    A time that the clocks leave out comes an hour later, and one that comes twice counts the first time.
    Raises UsageError for an expression that cannot be meant and for a zone that does not exist.
    """
    zone = named_zone(time_zone)
    if len(cron.split()) != _FIELDS:
        raise UsageError(f"{cron!r} is no cron expression of five fields; write it as '30 9 * * MON-FRI'.")
    try:
        # An hour before, because a local time may come twice.
        times = CronSim(cron.upper(), (after - timedelta(hours=1)).astimezone(zone).replace(tzinfo=None))
    except CronSimError as error:
        raise UsageError(f"{cron!r} is no cron expression ({error}); write it as '30 9 * * MON-FRI'.") from None
    return _later(times, after, zone_name=time_zone)


def _later(times: CronSim, after: datetime, *, zone_name: str) -> Iterator[datetime]:
    zone, last = named_zone(zone_name), after
    for written in times:
        moment = occurrence(written, zone)
        if moment > last:
            last = moment
            yield moment


def add_recurring(
    connection: Connection, *, name: str, cron: str, time_zone: str, words: Mapping[str, Any]
) -> Recurring:
    """Keep a list that is to be submitted at every time of a cron expression. Raises UsageError when it has none."""
    if next(occurrences(cron, time_zone=time_zone, after=read_clock(connection)), None) is None:
        raise UsageError(f"{cron!r} names no time that ever comes; choose another one.")
    row = connection.execute(
        query("recurring/add"),
        {"recurring_id": uuid7(), "name": name, "cron": cron, "time_zone": time_zone, "words": json.dumps(words)},
    ).fetchone()
    assert row is not None
    return _recurring_of(row)


def list_recurring(connection: Connection, *, with_stopped: bool = False) -> list[Recurring]:
    """Return what is submitted again and again, newest first."""
    rows = connection.execute(query("recurring/list"), {"with_stopped": with_stopped})
    return [_recurring_of(row) for row in rows]


def next_times(connection: Connection, recurring: Recurring, *, most: int = 3) -> list[datetime]:
    """Return the next times at which a list is submitted; none when it is stopped."""
    if recurring.stopped_at is not None:
        return []
    after = read_clock(connection)
    return list(islice(occurrences(recurring.cron, time_zone=recurring.time_zone, after=after), most))


def stop_recurring(connection: Connection, recurring_id: UUID) -> None:
    """Submit a list no more. Raises NotFoundError when nothing of that id goes on."""
    if connection.execute(query("recurring/stop"), {"recurring_id": recurring_id}).fetchone() is None:
        raise NotFoundError(
            f"Nothing of the id {recurring_id} is submitted again and again; `windowcast recurring list` shows what is."
        )


def cancel_recurring_runs(recurring_id: UUID) -> int:
    """Cancel the runs that were made ahead for a stopped list; return how many. Raises what the door raises."""
    with open_server() as client:
        return cancel_waiting(client, list_waiting(client, tag=_tag(recurring_id)), why="It was stopped.")


def is_stopped(connection: Connection, recurring_id: UUID) -> bool:
    """Say whether a list is submitted no more: a run that was made ahead for it has nothing to do."""
    row = connection.execute(query("recurring/get"), {"recurring_id": recurring_id}).fetchone()
    return row is None or row["stopped_at"] is not None


def make_runs_ahead(connection: Connection, *, chosen: Settings) -> list[SweepFinding]:
    """Make the runs of everything that recurs within the next hour; return what was missed, as findings.

    Making them twice makes them once: a run's key, and its submission, are those of its occurrence. Raises what
    `make_run` and the door raise.
    """
    found = list_recurring(connection)
    if not found:
        return []
    now = read_clock(connection)
    with open_server() as client:
        return [
            finding
            for recurring in found
            for finding in _make_ahead(client, connection, recurring, now=now, chosen=chosen)
        ]


def _make_ahead(
    client: Server, connection: Connection, recurring: Recurring, *, now: datetime, chosen: Settings
) -> list[SweepFinding]:
    until = now + _AHEAD
    after = max(recurring.made_until, now - _LOOKS_BACK)
    times = occurrences(recurring.cron, time_zone=recurring.time_zone, after=after)
    due = list(islice(takewhile(lambda at: at <= until, times), _MOST_AT_ONCE))
    missed = [at for at in due if now - at > timedelta(minutes=chosen.latest_start_minutes)]
    for at in due[len(missed) :]:
        make_run(client, _order(connection, recurring, at=at))
    made = due[-1] if len(due) == _MOST_AT_ONCE else until
    connection.execute(query("recurring/keep_made"), {"recurring_id": recurring.recurring_id, "made_until": made})
    return [_missed(recurring, missed)] if missed else []


def _order(connection: Connection, recurring: Recurring, *, at: datetime) -> RunOrder:
    name = f"{recurring.name} {local_time(at, recurring.time_zone)}"
    key = f"recurring:{recurring.recurring_id}:{at.isoformat()}"
    # Each occurrence is a wish of its own, meant even where the file has not changed since the last one.
    own = {"name": name, "again": True, "submission_id": str(uuid5(recurring.recurring_id, at.isoformat()))}
    return RunOrder(
        SUBMIT,
        name=submit_name(name, account=recurring.words["account"], at=None, time_zone=None),
        parameters={**_words_of_form(connection, recurring), **own, "recurring_id": str(recurring.recurring_id)},
        key=key,
        at=at,
        tags=(_tag(recurring.recurring_id),),
    )


def _words_of_form(connection: Connection, recurring: Recurring) -> dict[str, Any]:
    """Return the words as the form has them: a server takes only a template that its list names."""
    words = dict(recurring.words)
    if read_label(words["template"]) is None:
        code, language, version = words.pop("template"), words.pop("language", None), words.pop("version", None)
        template = find_template(connection, code, language=language, version=version)
        words["template"] = str(TemplateLabel(template.code, template.language, template.version))
    return words


def _missed(recurring: Recurring, times: list[datetime]) -> SweepFinding:
    text = (
        f"{recurring.name} was to be submitted at {local_time(times[-1], recurring.time_zone)}, and nothing was there "
        f"to do it; it is not made up for (missed times: {len(times)})."
    )
    return SweepFinding(SweepCode.RECURRING_MISSED, text, len(times))


def _tag(recurring_id: UUID) -> str:
    return f"recurring:{recurring_id}"


def _recurring_of(row: dict[str, Any]) -> Recurring:
    names = ("recurring_id", "name", "cron", "time_zone", "words", "made_until", "stopped_at")
    return Recurring(**{name: row[name] for name in names})
