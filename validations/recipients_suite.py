"""The rules of a recipients file as a Great Expectations suite, run against the staged rows in SQL."""

import logging
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, Final, assert_never
from uuid import UUID

from domain.recipient_rules import Rule, RuleKind, RuleResult, rules_of, suite_name
from domain.recipients_file import USER_ID_COLUMN
from domain.template import TEXT_LIMITS, Template, TextLimit, literal_and_counts

# No variable can have these names: they begin with an underscore.
_ROW_NUMBER_COLUMN: Final = "_row_number"
_PERSON_COLUMN: Final = "_person"
_LENGTH_COLUMN: Final = "_message_length"

# Postgres cuts a longer name off (NAMEDATALEN), and the library would look for it in vain.
_LONGEST_NAME: Final = 63


def validate_staged_rows(database_url: str, campaign_id: UUID, *, template: Template) -> list[RuleResult]:
    """Run the suite of a template version against the staged rows of a campaign and return how each rule fared.

    `database_url` is a libpq URL; the rows are looked at in SQL and never leave the server.
    """
    gx = load_library()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from great_expectations.data_context.types.base import ProgressBarsConfig

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        source = context.data_sources.add_sql("postgres", connection_string=_sqlalchemy_url(database_url))
        asset = source.add_query_asset("staged rows", query=_staged_rows_query(campaign_id, template))
        try:
            batch = asset.add_batch_definition_whole_table("all").get_batch()
            result = batch.validate(_suite(gx, template), result_format="SUMMARY")
        finally:
            # The library keeps its connections open otherwise.
            source.get_execution_engine().close()
            source.get_engine().dispose()
    return _rule_results(result.results, rules_of(template))


def load_library() -> Any:
    """Return the module of Great Expectations, whose first import takes seconds."""
    with warnings.catch_warnings():
        # Its own use of pandas and marshmallow is deprecated in places; that is no news of ours.
        warnings.simplefilter("ignore")
        import great_expectations as gx

    # It tells of its temporary folders at INFO, which a flow run would show to people.
    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
    return gx


def _suite(gx: Any, template: Template) -> Any:
    """Make the named suite of a template version: one expectation for each rule of the one table, in its order."""
    rules = [
        _expectation(gx.expectations, rule, template=template, place=place)
        for place, rule in enumerate(rules_of(template))
    ]
    return gx.ExpectationSuite(name=suite_name(template), expectations=rules)


def _expectation(expect: Any, rule: Rule, *, template: Template, place: int) -> Any:
    # The library takes two expectations of the same kind and column for one; the place tells them apart.
    meta = {"place": place}
    column = _name_in_sql(template, rule.column)
    match rule.kind:
        case RuleKind.COLUMNS:
            return expect.ExpectTableColumnsToMatchOrderedList(column_list=_columns(template), meta=meta)
        case RuleKind.ID_PRESENT | RuleKind.VALUE_PRESENT:
            return expect.ExpectColumnValuesToNotBeNull(column=column, meta=meta)
        case RuleKind.ID_SHAPE | RuleKind.VALUE_SHAPE | RuleKind.VALUE_IS_DATE:
            return expect.ExpectColumnValuesToMatchRegex(column=column, regex=rule.pattern, meta=meta)
        case RuleKind.PERSON_ONCE:
            return expect.ExpectColumnValuesToBeUnique(column=_PERSON_COLUMN, meta=meta)
        case RuleKind.MESSAGE_LENGTH:
            return expect.ExpectColumnValuesToBeBetween(
                column=_LENGTH_COLUMN, min_value=0, max_value=rule.most, meta=meta
            )
        case RuleKind.VALUE_IN_SET:
            return expect.ExpectColumnValuesToBeInSet(column=column, value_set=list(rule.one_of), meta=meta)
        case RuleKind.DATE_IN_RANGE:
            return expect.ExpectColumnValuesToBeBetween(
                column=_date_name(template, rule.column), min_value=rule.date_from, max_value=rule.date_to, meta=meta
            )
        case RuleKind.VALUE_LENGTH:
            return expect.ExpectColumnValueLengthsToBeBetween(column=column, max_value=rule.most, meta=meta)
        case _:
            assert_never(rule.kind)


def _columns(template: Template) -> list[str]:
    return [
        _ROW_NUMBER_COLUMN,
        USER_ID_COLUMN,
        *_names_in_sql(template),
        *(_date_name(template, rule.column) for rule in _date_rules(template)),
        _PERSON_COLUMN,
        _LENGTH_COLUMN,
    ]


def _date_rules(template: Template) -> list[Rule]:
    return [rule for rule in rules_of(template) if rule.kind is RuleKind.DATE_IN_RANGE]


def _name_in_sql(template: Template, column: str | None) -> str | None:
    return column if column not in template.variables else _names_in_sql(template)[template.variables.index(column)]


def _date_name(template: Template, variable: str | None) -> str:
    return f"_date_{1 + template.variables.index(variable or '')}"


def _names_in_sql(template: Template) -> list[str]:
    """Return the name of each variable in the query: its own, or its place where Postgres would cut it off."""
    return [
        name if len(name) <= _LONGEST_NAME else f"_variable_{place}"
        for place, name in enumerate(template.variables, start=1)
    ]


def _staged_rows_query(campaign_id: UUID, template: Template) -> str:
    """Give the staged rows the names of the workbook's columns.

    The library takes no parameters for a query. Nothing here comes from a file: the id is a UUID, a variable's name is
    letters, digits and underscores, which the template's own check has made sure of, and the patterns in it are ours.
    """
    literal, counts = literal_and_counts(template.content.text, template.variables)
    length = _length_expression(TEXT_LIMITS[template.channel], literal=literal, counts=counts)
    (id_rule,) = (rule for rule in rules_of(template) if rule.kind is RuleKind.ID_SHAPE)
    expressions = [
        "row_number",
        "user_id",
        *_cell_expressions(template),
        *(_date_expression(template, rule) for rule in _date_rules(template)),
        f"CASE WHEN user_id ~ '{id_rule.pattern}' THEN user_id END",
        length,
    ]
    columns = ", ".join(
        f'{expression} AS "{name}"' for expression, name in zip(expressions, _columns(template), strict=True)
    )
    return f"SELECT {columns} FROM windowcast.staged_row WHERE campaign_id = '{campaign_id}'::uuid"  # noqa: S608  # see the docstring


def _cell_expressions(template: Template) -> list[str]:
    """Return where each variable stands; one with a set of values is compared in NFC, whatever was typed."""
    with_set = {rule.column for rule in rules_of(template) if rule.kind is RuleKind.VALUE_IN_SET}
    return [
        f"normalize(cells[{place}])" if variable in with_set else f"cells[{place}]"
        for place, variable in enumerate(template.variables, start=1)
    ]


def _date_expression(template: Template, rule: Rule) -> str:
    """Return a value as a date where it is one: Postgres compares days here, and texts where it finds the problems."""
    cell = f"cells[{1 + template.variables.index(rule.column or '')}]"
    return f"CASE WHEN {cell} ~ '{rule.pattern}' THEN {cell}::date END"


def _length_expression(limit: TextLimit, *, literal: str, counts: Sequence[int]) -> str:
    measure = "char_length" if limit.unit == "characters" else "octet_length"
    pieces = [f"{times} * coalesce({measure}(cells[{place}]), 0)" for place, times in enumerate(counts, start=1)]
    return " + ".join([str(limit.length(literal)), *pieces])


def _rule_results(results: Iterable[Any], rules: Sequence[Rule]) -> list[RuleResult]:
    """Put each result beside its rule, in the order of the rules; a rule without a result is a fault."""
    by_place = {one.expectation_config.meta["place"]: one for one in results}
    row_count = max(int(one.result.get("element_count") or 0) for one in by_place.values())
    return [_rule_result(by_place[place], rule, row_count=row_count) for place, rule in enumerate(rules)]


def _rule_result(one: Any, rule: Rule, *, row_count: int) -> RuleResult:
    if one.exception_info.get("raised_exception"):
        raise ValueError(f"the suite could not look at {rule.kind} of {rule.column}: {one.exception_info}")
    if rule.kind is RuleKind.COLUMNS:
        return RuleResult(rule, row_count, 0 if one.success else row_count)
    is_about_presence = rule.kind in {RuleKind.ID_PRESENT, RuleKind.VALUE_PRESENT}
    missing = 0 if is_about_presence else int(one.result.get("missing_count") or 0)
    return RuleResult(rule, row_count - missing, int(one.result["unexpected_count"]))


def _sqlalchemy_url(database_url: str) -> str:
    """Return SQLAlchemy's form, for psycopg 3, of what libpq understands: a URL or `key=value` words."""
    from psycopg.conninfo import conninfo_to_dict
    from sqlalchemy import URL

    words = {key: str(value) for key, value in conninfo_to_dict(database_url).items()}
    host = words.pop("host", None)
    is_socket = host is not None and host.startswith("/")
    url = URL.create(
        "postgresql+psycopg",
        username=words.pop("user", None),
        password=words.pop("password", None),
        host=None if is_socket else host,
        port=int(words.pop("port")) if words.get("port") else None,
        database=words.pop("dbname", None),
        query={**words, **({"host": host} if is_socket and host else {})},
    )
    return url.render_as_string(hide_password=False)
