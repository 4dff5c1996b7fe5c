"""The rules of a recipients file as a Great Expectations suite, run against the staged rows in SQL."""

import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from domain.recipients_file import USER_ID_COLUMN, USER_ID_PATTERN
from domain.template import TEXT_LIMITS, Template, TextLimit, literal_and_counts

# No variable can have these names: they begin with an underscore.
_ROW_NUMBER_COLUMN: Final = "_row_number"
_LENGTH_COLUMN: Final = "_message_length"

# Postgres cuts a longer name off (NAMEDATALEN), and the library would look for it in vain.
_LONGEST_NAME: Final = 63


@dataclass(frozen=True)
class RuleResult:
    """What one rule of the suite found: its name, the column it is about, and how many rows break it."""

    rule: str
    column: str | None
    broken_count: int


def validate_staged_rows(database_url: str, campaign_id: UUID, *, template: Template) -> list[RuleResult]:
    """Run the suite of a template version against the staged rows of a campaign and return what each rule found.

    `database_url` is a libpq URL; the rows are looked at in SQL and never leave the server. Importing Great
    Expectations takes seconds, so it happens here.
    """
    with warnings.catch_warnings():
        # Its own use of pandas and marshmallow is deprecated in places; that is no news of ours.
        warnings.simplefilter("ignore")
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

        # It tells of its temporary folders at INFO, which a flow run would show to people.
        logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
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
    names = dict(zip(_names_in_sql(template), template.variables, strict=True))
    return [_rule_result(one, names) for one in result.results]


def _suite(gx: Any, template: Template) -> Any:
    expect = gx.expectations
    names = _names_in_sql(template)
    columns = [_ROW_NUMBER_COLUMN, USER_ID_COLUMN, *names, _LENGTH_COLUMN]
    rules = [
        expect.ExpectTableColumnsToMatchOrderedList(column_list=columns),
        expect.ExpectColumnValuesToNotBeNull(column=USER_ID_COLUMN),
        expect.ExpectColumnValuesToMatchRegex(column=USER_ID_COLUMN, regex=USER_ID_PATTERN),
        expect.ExpectColumnValuesToBeUnique(column=USER_ID_COLUMN),
        *(expect.ExpectColumnValuesToNotBeNull(column=name) for name in names),
        expect.ExpectColumnValuesToBeBetween(
            column=_LENGTH_COLUMN, min_value=0, max_value=TEXT_LIMITS[template.channel].most
        ),
    ]
    return gx.ExpectationSuite(
        name=f"{template.code} {template.language} version {template.version}", expectations=rules
    )


def _names_in_sql(template: Template) -> list[str]:
    """Return the name of each variable in the query: its own, or its place where Postgres would cut it off."""
    return [
        name if len(name) <= _LONGEST_NAME else f"_variable_{place}"
        for place, name in enumerate(template.variables, start=1)
    ]


def _staged_rows_query(campaign_id: UUID, template: Template) -> str:
    """Give the staged rows the names of the workbook's columns.

    The library takes no parameters for a query. Nothing here comes from a file: the id is a UUID, and a variable's name
    is letters, digits and underscores, which the template's own check has made sure of.
    """
    literal, counts = literal_and_counts(template.content.text, template.variables)
    limit = TEXT_LIMITS[template.channel]
    cells = "".join(f', cells[{place}] AS "{name}"' for place, name in enumerate(_names_in_sql(template), start=1))
    length = _length_expression(limit, literal=literal, counts=counts)
    return (
        f'SELECT row_number AS "{_ROW_NUMBER_COLUMN}", user_id{cells}, {length} AS "{_LENGTH_COLUMN}" '  # noqa: S608  # see the docstring
        f"FROM windowcast.staged_row WHERE campaign_id = '{campaign_id}'::uuid"
    )


def _length_expression(limit: TextLimit, *, literal: str, counts: Sequence[int]) -> str:
    measure = "char_length" if limit.unit == "characters" else "octet_length"
    pieces = [f"{times} * coalesce({measure}(cells[{place}]), 0)" for place, times in enumerate(counts, start=1)]
    return " + ".join([str(limit.length(literal)), *pieces])


def _rule_result(one: Any, names: Mapping[str, str]) -> RuleResult:
    configuration = one.expectation_config
    broken = one.result.get("unexpected_count")
    if broken is None:
        broken = 0 if one.success else 1
    column = configuration.kwargs.get("column")
    return RuleResult(configuration.type, names.get(column, column), int(broken))


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
