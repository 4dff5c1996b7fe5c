"""Times that people write: ISO 8601, with an offset or meant in a named zone; clock changes are decided."""

from datetime import MAXYEAR, MINYEAR, UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from domain.errors import UsageError


def parse_moment(text: str, *, time_zone: str | None, default_time_zone: str | None = None) -> datetime:
    """Return the moment that `text` (ISO 8601) means, in UTC.

    An offset in the text wins; one that contradicts `time_zone`, which somebody gave beside it, is refused. Without an
    offset that zone decides, and without it the installation's `default_time_zone`.
    Raises UsageError for a text that is no time, a local time that does not exist or exists twice, and for neither
    offset nor zone.
    """
    written = _written(text)
    zone = None if time_zone is None else named_zone(time_zone)
    if written.tzinfo is not None:
        if zone is not None and written.astimezone(zone).utcoffset() != written.utcoffset():
            raise UsageError(
                f"{text} has the offset {written:%z}, but {time_zone} is at {written.astimezone(zone):%z} then; "
                "give either the offset or the zone."
            )
        return written.astimezone(UTC)
    zone = zone or (None if default_time_zone is None else named_zone(default_time_zone))
    if zone is None:
        raise UsageError(
            f"{text} does not say in which zone it is meant; add an offset (such as +02:00) or --time-zone "
            "Europe/Berlin, or set WINDOWCAST_TIME_ZONE."
        )
    return _local_moment(written, zone)


def occurrence(written: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment of one of many local times, in UTC, where nobody can be asked which is meant.

    One that the clocks leave out comes later by what they leave out; one that comes twice is the first of the two.
    """
    return written.replace(tzinfo=zone, fold=0).astimezone(UTC)


def named_zone(name: str) -> ZoneInfo:
    """Return the zone of an IANA name. Raises UsageError when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"{name!r} is no time zone; use an IANA name such as Europe/Berlin or UTC.") from None


def _written(text: str) -> datetime:
    try:
        written = datetime.fromisoformat(text.strip())
    except ValueError:
        written = None
    # In the first and the last year of the calendar a zone could lead out of it.
    if written is None or written.year in (MINYEAR, MAXYEAR):
        raise UsageError(
            f"{text!r} is no time that can be understood; write it as 2027-03-28T10:00+02:00, or without the offset "
            "and with --time-zone."
        )
    return written


def _local_moment(written: datetime, zone: ZoneInfo) -> datetime:
    first = written.replace(tzinfo=zone, fold=0)
    second = written.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    # In a gap, going to UTC and back gives another time of day; in a repeated hour it gives the same one.
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != written:
        # Read by the clock before and by the clock after, it is the nearest time on either side.
        after, before = (moment.astimezone(UTC).astimezone(zone) for moment in (first, second))
        raise UsageError(
            f"{written.isoformat(sep=' ')} does not exist in {zone.key}: the clocks are put forward over it; choose "
            f"{before.isoformat()} or {after.isoformat()}."
        )
    raise UsageError(
        f"{written.isoformat(sep=' ')} exists twice in {zone.key}, as the clocks are put back: say which with an "
        f"offset, {first.isoformat()} or {second.isoformat()}."
    )
