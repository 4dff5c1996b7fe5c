"""The one table of the rules of a recipients list: the SQL, the suite and the report are all made from it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from domain.problem import Finding
from domain.recipients_file import USER_ID_COLUMN, USER_ID_PATTERN
from domain.template import TEXT_LIMITS, Template
from domain.value_rules import ISO_DATE_PATTERN, ValueRules, pattern_words, range_words, shortened


class RuleKind(StrEnum):
    """What a rule asks of every row."""

    COLUMNS = "columns"
    ID_PRESENT = "id_present"
    ID_SHAPE = "id_shape"
    PERSON_ONCE = "person_once"
    VALUE_PRESENT = "value_present"
    MESSAGE_LENGTH = "message_length"
    # those that a template may add
    VALUE_IN_SET = "value_in_set"
    VALUE_SHAPE = "value_shape"
    VALUE_IS_DATE = "value_is_date"
    DATE_IN_RANGE = "date_in_range"
    VALUE_LENGTH = "value_length"


# A cell that the reader found to be no good is left out, so what it breaks is the rule that there is a value.
_BAD_CELLS: Final = (
    Finding.CELL_ERROR,
    Finding.CELL_FORMULA_WITHOUT_VALUE,
    Finding.CELL_CONTROL_CHARACTER,
    Finding.CELL_TOO_LONG,
)

# What is found in rows that break a rule. Each finding about rows stands here, in every rule that it breaks.
FINDINGS_OF: Final[dict[RuleKind, tuple[Finding, ...]]] = {
    RuleKind.COLUMNS: (),  # a list with another header has no rows that could be judged
    RuleKind.ID_PRESENT: (Finding.ID_MISSING, Finding.ID_STORED_AS_NUMBER, *_BAD_CELLS),
    RuleKind.ID_SHAPE: (Finding.ID_BAD_SHAPE,),
    RuleKind.PERSON_ONCE: (Finding.DUPLICATE, Finding.CONFLICTING_DUPLICATE),
    RuleKind.VALUE_PRESENT: (Finding.VALUE_MISSING, Finding.VALUE_STORED_AS_LONG_NUMBER, *_BAD_CELLS),
    RuleKind.MESSAGE_LENGTH: (Finding.MESSAGE_TOO_LONG,),
    RuleKind.VALUE_IN_SET: (Finding.VALUE_NOT_IN_SET,),
    RuleKind.VALUE_SHAPE: (Finding.VALUE_BAD_SHAPE,),
    RuleKind.VALUE_IS_DATE: (Finding.VALUE_NOT_A_DATE,),
    RuleKind.DATE_IN_RANGE: (Finding.VALUE_DATE_OUT_OF_RANGE,),
    RuleKind.VALUE_LENGTH: (Finding.VALUE_TOO_LONG,),
}

# The rules that a template adds: they are found by one statement of their own.
ADDED_KINDS: Final = frozenset(
    {
        RuleKind.VALUE_IN_SET,
        RuleKind.VALUE_SHAPE,
        RuleKind.VALUE_IS_DATE,
        RuleKind.DATE_IN_RANGE,
        RuleKind.VALUE_LENGTH,
    }
)


@dataclass(frozen=True)
class Rule:
    """One rule of one column (None: of the whole row), in words and with what it allows."""

    kind: RuleKind
    column: str | None
    words: str
    pattern: str | None = None
    one_of: tuple[str, ...] = ()
    date_from: date | None = None
    date_to: date | None = None
    most: int | None = None
    allowed: str = ""  # what a sentence about a bad value names

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is found in a row that breaks it."""
        return FINDINGS_OF[self.kind]


@dataclass(frozen=True)
class RuleResult:
    """How a rule fared: in how many rows it had something to look at, and how many broke it."""

    rule: Rule
    checked_count: int
    broken_count: int


def suite_name(template: Template) -> str:
    """Return the name of the suite of a template version."""
    return f"{template.code} {template.language} version {template.version}"


def rules_of(template: Template) -> tuple[Rule, ...]:
    """Return every rule that a list for this template version must keep, in the order of its columns."""
    added = {rules.variable: rules for rules in template.rules}
    limit = TEXT_LIMITS[template.channel]
    rules = [
        Rule(RuleKind.COLUMNS, None, f"The columns are {', '.join(template.columns)}, in this order."),
        Rule(RuleKind.ID_PRESENT, USER_ID_COLUMN, f"{USER_ID_COLUMN} is filled in."),
        Rule(RuleKind.ID_SHAPE, USER_ID_COLUMN, f"{USER_ID_COLUMN} has 5 to 20 digits.", pattern=USER_ID_PATTERN),
        Rule(RuleKind.PERSON_ONCE, USER_ID_COLUMN, "Each person stands on one row."),
    ]
    for variable in template.variables:
        rules.append(Rule(RuleKind.VALUE_PRESENT, variable, f"{variable} is filled in."))
        if variable in added:
            rules += _added_rules(added[variable])
    words = f"The message has at most {limit.most:,} {limit.unit} with the values of its row."
    return (*rules, Rule(RuleKind.MESSAGE_LENGTH, None, words, most=limit.most))


def added_rules_of(template: Template) -> tuple[Rule, ...]:
    """Return the rules that the template itself adds."""
    return tuple(rule for rule in rules_of(template) if rule.kind in ADDED_KINDS)


def _added_rules(rules: ValueRules) -> list[Rule]:
    name = rules.variable
    made = []
    if rules.one_of:
        allowed = shortened(rules.one_of)
        words = f"{name} is {allowed}."
        made.append(Rule(RuleKind.VALUE_IN_SET, name, words, one_of=rules.one_of, allowed=allowed))
    if rules.pattern is not None:
        wanted = pattern_words(rules)
        made.append(Rule(RuleKind.VALUE_SHAPE, name, f"{name}: {wanted}.", pattern=rules.pattern, allowed=wanted))
    if rules.is_date:
        made += _date_rules(rules)
    if rules.longest is not None:
        words = f"{name} has at most {rules.longest:,} characters."
        made.append(Rule(RuleKind.VALUE_LENGTH, name, words, most=rules.longest, allowed=f"{rules.longest:,}"))
    return made


def _date_rules(rules: ValueRules) -> list[Rule]:
    name, allowed = rules.variable, range_words(rules)
    return [
        Rule(RuleKind.VALUE_IS_DATE, name, f"{name} is a date, written as 2026-12-31.", pattern=ISO_DATE_PATTERN),
        Rule(
            RuleKind.DATE_IN_RANGE,
            name,
            f"{name} is a date {allowed}.",
            pattern=ISO_DATE_PATTERN,
            date_from=rules.date_from,
            date_to=rules.date_to,
            allowed=allowed,
        ),
    ]
