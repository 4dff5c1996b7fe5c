"""The rules that a template adds: tried on Postgres when they are kept, and looked for in the staged rows."""

import json
from typing import Any, Final
from uuid import UUID

import psycopg

from clients.postgres import Connection
from domain.recipient_rules import Rule, added_rules_of
from domain.template import Template
from domain.value_rules import nearest_value
from sql import query

# An honest pattern needs a few milliseconds for the longest text of a message, on a busy machine some more.
_TRIAL_MILLISECONDS: Final = 2_000
# Texts that make a pattern work: nothing, one letter again and again, and parts that nearly repeat.
_TRIAL_TEXTS: Final = ("", "a" * 2_000, "aA0 -" * 400, "0" * 1_999 + "x", "ab" * 1_000)


def find_by_rules(connection: Connection, campaign_id: UUID, *, template: Template) -> None:
    """Find the staged values that break a rule of the template's own, in one statement, and keep them as problems.

    A template without rules costs nothing.
    """
    rules = added_rules_of(template)
    if not rules:
        return
    advices = _advices(connection, campaign_id, template=template)
    described = [_described(rule, template, advices=advices.get(rule.column or "", {})) for rule in rules]
    connection.execute(query("problems/find_by_rules"), {"campaign_id": campaign_id, "rules": json.dumps(described)})


def pattern_refusal(connection: Connection, pattern: str) -> str | None:
    """Say why Postgres would not run a pattern, in its words, or that it takes too long; None when it runs."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(query("templates/limit_trial"), {"milliseconds": str(_TRIAL_MILLISECONDS)})
            connection.execute(query("templates/try_pattern"), {"pattern": pattern, "texts": list(_TRIAL_TEXTS)})
    except psycopg.errors.InvalidRegularExpression as error:
        said = (error.diag.message_primary or "").removeprefix("invalid regular expression: ")
        return f"is no pattern that Postgres reads ({said})"
    except psycopg.errors.QueryCanceled:
        return "takes too long to be looked for in a long text; make it simpler"
    return None


def _advices(connection: Connection, campaign_id: UUID, *, template: Template) -> dict[str, dict[str, str]]:
    """Return, by variable, what is said of values that are like an allowed one; the others have the same sentence."""
    sets = {rules.variable: rules.one_of for rules in template.rules if rules.one_of}
    if not sets:
        return {}
    described = [
        {"variable": variable, "place": _place(template, variable), "one_of": dict.fromkeys(allowed, 1)}
        for variable, allowed in sets.items()
    ]
    rows = connection.execute(
        query("problems/list_outside_sets"), {"campaign_id": campaign_id, "sets": json.dumps(described)}
    )
    advices: dict[str, dict[str, str]] = {}
    for row in rows:
        meant = nearest_value(row["value"], sets[row["variable"]])
        if meant is not None:
            advices.setdefault(row["variable"], {})[row["value"]] = f"did you mean \u201c{meant}\u201d"
    return advices


def _described(rule: Rule, template: Template, *, advices: dict[str, str]) -> dict[str, Any]:
    """Put a rule into the words of its statement."""
    (finding,) = rule.findings
    return {
        "variable": rule.column,
        "place": _place(template, rule.column),
        "finding": finding,
        "pattern": rule.pattern,
        "one_of": dict.fromkeys(rule.one_of, 1),
        "date_from": rule.date_from and rule.date_from.isoformat(),
        "date_to": rule.date_to and rule.date_to.isoformat(),
        "most": rule.most,
        "allowed": rule.allowed,
        "advices": {value: f"{advice}? Allowed: {rule.allowed}" for value, advice in advices.items()},
    }


def _place(template: Template, variable: str | None) -> int:
    return 1 + template.variables.index(variable or "")
