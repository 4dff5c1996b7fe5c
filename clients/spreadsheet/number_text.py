"""How numbers, dates and times of a workbook become text.

The rules, in order:

- A number of 1,000,000,000,000,000 or more has over 15 digits; a spreadsheet keeps only the first 15, so the value
  is not to be trusted and becomes a finding.
- A cell whose number format shows a year, a month as a name or a day is a date: `YYYY-MM-DD`. If the format shows
  hours as well, ` HH:MM` follows, and `:SS` if it shows seconds. A format of hours alone gives `HH:MM[:SS]`; one of
  elapsed hours (`[h]`) may pass 24.
- The count of days starts in 1900, or in 1904 where the workbook says so. Day 60 of 1900 is shown as 1900-02-29, the
  day that Excel believes in. Numbers that are no date there (negative, day 0, past the year 9999) stay numbers.
- Dates stored as ISO text (`2026-01-31T10:00:00`) follow the same rules.
- Every other number is written in its shortest form with at most 15 significant digits, without exponent, thousands
  separators, currency or percent sign: 1001, 0.1, 12.5. 7 % is stored as 0.07 and read as 0.07.
- True and false are TRUE and FALSE.

Source of the date rules: ECMA-376 part 1, 18.8.30 (numFmts) and 18.17.4 (dates and times).
"""

import math
import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

LONG_NUMBER: Final = 10**15
_LAST_DAY_1900: Final = 2_958_465
_LAST_DAY_1904: Final = 2_957_003
_FALSE_LEAP_DAY: Final = 60
_SECONDS_A_DAY: Final = 86_400
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_ISO_DATE: Final = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})?T?(?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?(?:\.[0-9]+)?Z?"
)
_QUOTED: Final = re.compile(r'"[^"]*"|\\.|_.|\*.')
_ELAPSED: Final = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_BRACKETS: Final = re.compile(r"\[[^\]]*\]")
_MINUTES: Final = re.compile(r"(h+[^a-z]*)m{1,2}(?![a-z])|(?<![a-z])m{1,2}([^a-z]*s)")


@dataclass(frozen=True)
class DateFormat:
    """What a number format shows: a day, hours, seconds, or time elapsed past 24 hours."""

    has_date: bool = False
    has_time: bool = False
    has_seconds: bool = False
    is_elapsed: bool = False


_DAY: Final = DateFormat(has_date=True)
_HOURS: Final = DateFormat(has_time=True)
_SECONDS: Final = DateFormat(has_time=True, has_seconds=True)
_MOMENT: Final = DateFormat(has_date=True, has_time=True)
_ELAPSED_TIME: Final = DateFormat(has_time=True, has_seconds=True, is_elapsed=True)

# The formats that have a number and no text in the file (ECMA-376 part 1, 18.8.30), the East Asian ones included.
BUILT_IN_FORMATS: Final[dict[int, DateFormat]] = {
    **dict.fromkeys((14, 15, 16, 17, *range(27, 32), 36, *range(50, 55), 57, 58), _DAY),
    **dict.fromkeys((18, 20, 32), _HOURS),
    **dict.fromkeys((19, 21, 33, 45, 47), _SECONDS),
    22: _MOMENT,
    46: _ELAPSED_TIME,
}


def read_format_code(code: str) -> DateFormat | None:
    """Tell what the format code `code` (as in `yyyy-mm-dd hh:mm`) shows; None if it shows a plain number."""
    section = _QUOTED.sub("", code).split(";")[0]
    is_elapsed = _ELAPSED.search(section) is not None
    letters = _BRACKETS.sub("", section).lower().replace("am/pm", "h").replace("a/p", "h")
    if "general" in letters:
        return None
    without_minutes = _MINUTES.sub(r"\1\2", letters)
    shown = DateFormat(
        has_date=not is_elapsed and any(letter in without_minutes for letter in "ymdg"),
        has_time=is_elapsed or "h" in letters or "s" in letters,
        has_seconds="s" in letters or "[s" in section.lower(),
        is_elapsed=is_elapsed,
    )
    return shown if shown.has_date or shown.has_time else None


def parse_number(literal: str) -> float | None:
    """Read a number as the file writes it; None where it is no finite number."""
    if _NUMBER.fullmatch(literal) is None:
        return None
    number = float(literal)
    return number if math.isfinite(number) else None


def is_long(number: float) -> bool:
    """Tell whether a number has more than the 15 digits that a spreadsheet keeps."""
    return abs(number) >= LONG_NUMBER


@lru_cache(maxsize=50_000)
def number_text(number: float) -> str:
    """Write a number in its shortest form: 1001, 0.1, 12.5; never with an exponent."""
    if number == int(number):
        return str(int(number))
    short = format(number, ".15g")
    return format(Decimal(short), "f") if "e" in short else short


def long_number_text(literal: str) -> str:
    """Write out a number of more than 15 digits as far as the file has them: `1.23E+16` is 12300000000000000."""
    number = Decimal(literal)
    most_digits = 40
    return format(number, "f") if number.adjusted() < most_digits else literal


def date_text(number: float, shown: DateFormat, *, is_1904: bool) -> str | None:
    """Write the day and time that a count of days stands for, as `shown` by its format; None if it is no date."""
    if shown.is_elapsed:
        return _elapsed_text(number, has_seconds=shown.has_seconds)
    if not 0 <= number <= (_LAST_DAY_1904 if is_1904 else _LAST_DAY_1900):
        return None
    days, seconds = divmod(round(number * _SECONDS_A_DAY), _SECONDS_A_DAY)
    clock = _clock_text(seconds, has_seconds=shown.has_seconds)
    if not shown.has_date:
        return clock
    day = _day_text(days, is_1904=is_1904)
    return f"{day} {clock}" if day and shown.has_time else day


def iso_text(value: str, shown: DateFormat | None) -> str | None:
    """Write a date stored as ISO text by the same rules; without a date format its time follows unless midnight."""
    match = _ISO_DATE.fullmatch(value)
    if match is None or not (match["day"] or match["time"]):
        return None
    clock = match["time"] or ""
    if shown is not None:
        clock = _shown_clock(clock, shown)
    elif clock in {"00:00", "00:00:00"} and match["day"]:
        clock = ""
    day = match["day"] if shown is None or shown.has_date or not clock else ""
    return f"{day or ''} {clock}".strip()


def _shown_clock(clock: str, shown: DateFormat) -> str:
    if not shown.has_time:
        return ""
    hours, minutes, *seconds = (clock or "00:00").split(":")
    return ":".join((hours, minutes, *(seconds or ["00"]))) if shown.has_seconds else f"{hours}:{minutes}"


def _day_text(days: int, *, is_1904: bool) -> str | None:
    if is_1904:
        return (date(1904, 1, 1) + timedelta(days=days)).isoformat()
    if days == _FALSE_LEAP_DAY:
        return "1900-02-29"
    if days < 1:
        return None
    start = date(1899, 12, 31) if days < _FALSE_LEAP_DAY else date(1899, 12, 30)
    return (start + timedelta(days=days)).isoformat()


def _clock_text(seconds: int, *, has_seconds: bool) -> str:
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}" if has_seconds else f"{hour:02}:{minute:02}"


def _elapsed_text(number: float, *, has_seconds: bool) -> str:
    clock = _clock_text(round(abs(number) * _SECONDS_A_DAY), has_seconds=has_seconds)
    return f"-{clock}" if number < 0 else clock
