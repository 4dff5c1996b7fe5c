"""The rules that a template may add for the values of its variables: what they are, how they read, what is no rule."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any, Final

PATTERN_KEY: Final = "pattern"
SHAPE_KEY: Final = "shape"
ONE_OF_KEY: Final = "one_of"
DATE_FROM_KEY: Final = "date_from"
DATE_TO_KEY: Final = "date_to"
LONGEST_KEY: Final = "longest"
RULE_KEYS: Final = (PATTERN_KEY, SHAPE_KEY, ONE_OF_KEY, DATE_FROM_KEY, DATE_TO_KEY, LONGEST_KEY)

# A day of the years 1000 to 9999, leap days in leap years only. The reader of spreadsheets gives a cell that is
# formatted as a date in this form, whatever the form that its user sees. Python and Postgres read the pattern alike.
ISO_DATE_PATTERN: Final = (
    "^([1-9][0-9]{3}-(((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01]))|((0[469]|11)-(0[1-9]|[12][0-9]|30))"
    "|(02-(0[1-9]|1[0-9]|2[0-8])))"
    "|([1-9][0-9](0[48]|[2468][048]|[13579][26])|([2468][048]|[13579][26])00)-02-29)$"
)

# Excel knows no day before this one, so no workbook could hold it.
_FIRST_DAY: Final = date(1900, 1, 1)

_MOST_ALLOWED_VALUES: Final = 1_000
_LONGEST_ALLOWED_VALUE: Final = 255
_LONGEST_PATTERN: Final = 200
_LONGEST_SHAPE: Final = 120
_LONGEST_TEXT: Final = 32_767  # of a cell, which is Excel's limit
_SHOWN_VALUES: Final = 8


@dataclass(frozen=True)
class ValueRules:
    """What the values of one variable must be: one of a set, a date of a range, or a text of a shape and length.

    `shape` says in words what `pattern` asks for. A pattern is one of Postgres; `one_of` is in NFC.
    """

    variable: str
    pattern: str | None = None
    shape: str | None = None
    one_of: tuple[str, ...] = ()
    date_from: date | None = None
    date_to: date | None = None
    longest: int | None = None

    @property
    def is_date(self) -> bool:
        """Say whether the values are dates."""
        return self.date_from is not None or self.date_to is not None

    def as_json(self) -> dict[str, Any]:
        """Return the rules as they stand in a template file, dates as ISO texts; keys that are not given are left out.

        `value_rules_of` reads them back.
        """
        kept = {
            PATTERN_KEY: self.pattern,
            SHAPE_KEY: self.shape,
            ONE_OF_KEY: list(self.one_of) or None,
            DATE_FROM_KEY: self.date_from and self.date_from.isoformat(),
            DATE_TO_KEY: self.date_to and self.date_to.isoformat(),
            LONGEST_KEY: self.longest,
        }
        return {key: value for key, value in kept.items() if value is not None}


def value_rules_of(given: Mapping[str, Mapping[str, Any]], variables: Sequence[str]) -> tuple[ValueRules, ...]:
    """Return the rules of each variable that has some, in the order of `variables`.

    `given` is what `value_rules_problems` finds no fault with: the section of a template file, or what `as_json` gave.
    """
    return tuple(_rules_of_one(variable, given[variable]) for variable in variables if variable in given)


def value_rules_problems(given: Any, variables: Sequence[str]) -> list[str]:
    """Return what is wrong with the rules of a template file, a sentence each; an empty list when nothing is.

    Whether Postgres can run a pattern is not known here.
    """
    if not isinstance(given, dict):
        return ["rules must name variables, each with its rules below it."]
    known = f"its variables are {', '.join(variables)}" if variables else "it has none"
    problems = [
        f"rules.{name}: the text has no variable of that name; {known}." for name in given if name not in variables
    ]
    for name in variables:
        if name in given:
            problems += [f"rules.{name}{problem}" for problem in _problems_of_one(given[name])]
    return problems


def rule_sentences(rules: ValueRules) -> list[str]:
    """Say in words what the values must be, for people who fill a workbook."""
    said = []
    if rules.one_of:
        said.append(f"Allowed: {shortened(rules.one_of)}.")
    if rules.is_date:
        said.append(f"A date {range_words(rules)}.")
    if rules.pattern is not None:
        said.append(f"{pattern_words(rules)[:1].upper()}{pattern_words(rules)[1:]}.")
    if rules.longest is not None:
        said.append(f"At most {rules.longest:,} characters.")
    return said


def pattern_words(rules: ValueRules) -> str:
    """Say what the pattern asks for: the template's own words where it has some, else the pattern itself."""
    return rules.shape or f"a text that fits the pattern {rules.pattern}"


def range_words(rules: ValueRules) -> str:
    """Say which dates are allowed, as 'from 2026-01-01 to 2026-12-31'; one end may be open."""
    start = f"from {rules.date_from} " if rules.date_from else ""
    end = f"to {rules.date_to}" if rules.date_to else "on"
    return f"{start}{end}" if rules.date_from else f"up {end}"


def shortened(values: Sequence[str]) -> str:
    """List values in words, the first eight of them where there are many."""
    if len(values) > _SHOWN_VALUES:
        return f"{', '.join(values[:_SHOWN_VALUES])} or one of {len(values) - _SHOWN_VALUES:,} more"
    return " or ".join(filter(None, (", ".join(values[:-1]), values[-1])))


def example_date(rules: ValueRules) -> date:
    """Return a date that the rules allow."""
    return rules.date_to or rules.date_from or _FIRST_DAY


def nearest_value(found: str, allowed: Sequence[str]) -> str | None:
    """Return the allowed value that was most likely meant; case and blanks are forgiven first. None: no idea."""
    folded = {_folded(value): value for value in reversed(allowed)}
    match = get_close_matches(_folded(found), folded, n=1, cutoff=0.7)
    return folded[match[0]] if match else None


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _rules_of_one(variable: str, given: Mapping[str, Any]) -> ValueRules:
    return ValueRules(
        variable=variable,
        pattern=given.get(PATTERN_KEY),
        shape=given.get(SHAPE_KEY),
        one_of=tuple(unicodedata.normalize("NFC", value) for value in given.get(ONE_OF_KEY, ())),
        date_from=_day(given.get(DATE_FROM_KEY)),
        date_to=_day(given.get(DATE_TO_KEY)),
        longest=given.get(LONGEST_KEY),
    )


def _day(value: Any) -> date | None:
    """Return the day that YAML or JSON gives; None for what is none."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(ISO_DATE_PATTERN, value):
        return date.fromisoformat(value)
    return None


def _problems_of_one(given: Any) -> Iterator[str]:
    """Yield what is wrong with the rules of one variable, to be put behind its name."""
    known = ", ".join(RULE_KEYS)
    if not isinstance(given, dict) or not given:
        yield f" needs one rule or more; there are {known}."
        return
    unknown = [key for key in given if key not in RULE_KEYS]
    yield from (f": there is no rule {key}; there are {known}." for key in unknown)
    yield from _contradictions(given)
    for key, check in _CHECKS.items():
        if key in given:
            yield from (f".{key} {flaw}." for flaw in check(given[key]))
    start, end = _day(given.get(DATE_FROM_KEY)), _day(given.get(DATE_TO_KEY))
    if start and end and start > end:
        yield f": date_from {start} is after date_to {end}, so no date would be allowed; exchange them."


def _contradictions(given: Mapping[str, Any]) -> Iterator[str]:
    """Yield rules that do not go together: a set and a date say all there is to say about a value."""
    keys = [key for key in RULE_KEYS if key in given]
    if ONE_OF_KEY in given and len(keys) > 1:
        yield f": one_of says which values are allowed, so it stands alone; take {', '.join(_without(keys))} away."
    elif {DATE_FROM_KEY, DATE_TO_KEY} & set(keys) and {PATTERN_KEY, LONGEST_KEY} & set(keys):
        yield ": a date has a form of its own, so neither pattern nor longest goes with date_from and date_to."
    if SHAPE_KEY in given and PATTERN_KEY not in given:
        yield ": shape says in words what a pattern asks for; add the pattern, or take shape away."


def _without(keys: Sequence[str]) -> list[str]:
    return [key for key in keys if key != ONE_OF_KEY]


def _one_of_flaws(value: Any) -> Iterator[str]:
    if not isinstance(value, list) or not value:
        yield "must be a list of one or more values, as in [Berlin, Hamburg]"
        return
    if len(value) > _MOST_ALLOWED_VALUES:
        yield f"has {len(value):,} values, and at most {_MOST_ALLOWED_VALUES:,} are allowed"
    for one in value:
        flaw = _allowed_value_flaw(one)
        if flaw:
            yield flaw
            return
    folded = [unicodedata.normalize("NFC", one) for one in value]
    doubled = next((one for place, one in enumerate(folded) if one in folded[:place]), None)
    if doubled is not None:
        yield f"names {doubled} twice"


def _allowed_value_flaw(one: Any) -> str | None:
    if not isinstance(one, str):
        return f"holds {one}, which YAML does not read as a text; write it in quotes"
    if not one.strip() or one != one.strip():
        return f"holds {one!r}, which is blank or has blanks around it; take them away"
    if len(one) > _LONGEST_ALLOWED_VALUE:
        return f"holds a value of {len(one)} characters, and at most {_LONGEST_ALLOWED_VALUE} are allowed"
    return _unprintable(one)


def _pattern_flaws(value: Any) -> Iterator[str]:
    if not isinstance(value, str) or not value:
        yield "must be a pattern in quotes, such as '^[A-Z0-9]{8}$'"
    elif len(value) > _LONGEST_PATTERN:
        yield f"has {len(value)} characters, and at most {_LONGEST_PATTERN} are allowed"
    elif flaw := _unprintable(value) or pattern_flaw(value):
        yield flaw


def pattern_flaw(pattern: str) -> str | None:
    r"""Say what in a pattern is not allowed; None when nothing is. Whether it is well formed only Postgres knows.

    Allowed is what Postgres matches in time that grows with the text alone, and what reads the same everywhere:
    characters, classes, groups, alternatives, counts, ^ and $. Looking back (\1) and ahead, options, and the letters
    that mean one thing here and another there are refused.
    """
    if pattern.startswith("***"):
        return "begins with ***, which changes how the rest is read; leave it out"
    place = 0
    while place < len(pattern):
        here = pattern[place : place + 2]
        if here[0] == "\\":
            if not _is_plain_escape(here):
                return f"has {here}, which is not allowed here; of letters only \\d, \\w and \\s may follow a \\"
            place += 1
        elif here == "(?" and pattern[place + 2 : place + 3] != ":":
            return f"has {pattern[place : place + 3]}, which is not allowed here; of (? only (?: may be used"
        elif here in {"[.", "[="} or pattern[place : place + 3] in {"[[.", "[[="}:
            return f"has {pattern[place : place + 3]}, which is not allowed here; put \\ before the second character"
        place += 1
    return None


def _is_plain_escape(escape: str) -> bool:
    following = escape[1:]
    return following in set("dwsDWS") or (len(following) == 1 and not following.isalnum())


def _shape_flaws(value: Any) -> Iterator[str]:
    if not isinstance(value, str) or not value.strip():
        yield "must say in words what the pattern asks for, such as '8 capital letters or digits'"
    elif len(value) > _LONGEST_SHAPE or "\n" in value or value.endswith("."):
        yield f"must be one line of at most {_LONGEST_SHAPE} characters without a full stop at its end"
    elif flaw := _unprintable(value):
        yield flaw


def _date_flaws(value: Any) -> Iterator[str]:
    day = _day(value)
    if day is None:
        yield f"is {value}, which is no date; write it like 2026-12-31"
    elif day < _FIRST_DAY:
        yield f"is {day}, and a workbook holds no date before {_FIRST_DAY}"


def _longest_flaws(value: Any) -> Iterator[str]:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= _LONGEST_TEXT:
        yield f"must be a whole number from 1 to {_LONGEST_TEXT:,}"


def _unprintable(text: str) -> str | None:
    if re.search("[\x00-\x1f\x7f\ud800-\udfff]", text):
        return "holds a character that cannot be written"
    return None


_CHECKS: Final = {
    PATTERN_KEY: _pattern_flaws,
    SHAPE_KEY: _shape_flaws,
    ONE_OF_KEY: _one_of_flaws,
    DATE_FROM_KEY: _date_flaws,
    DATE_TO_KEY: _date_flaws,
    LONGEST_KEY: _longest_flaws,
}
