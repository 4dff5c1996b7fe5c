"""The rows of a list in the database, and all that is wrong with them, before they are messages."""

import json
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from clients.postgres import Connection
from clients.spreadsheet import ReadFile, Reading, UnreadableFile
from domain.problem import Finding, Problem
from domain.recipients_file import INVISIBLE_CHARACTERS, LONGEST_USER_ID, SHORTEST_USER_ID, USER_ID_COLUMN
from domain.template import TEXT_LIMITS, Template, literal_and_counts
from sql import query
from tasks.recipients import ReadList
from tasks.submission import Target
from tasks.value_rules import find_by_rules
from validations.header import FoundRow, header_problems


def stage_list(connection: Connection, campaign_id: UUID, *, target: Target, given: ReadList) -> bool:
    """Stage the rows of a list and keep what is wrong with the file, its header and its cells.

    Returns whether the rows can be judged; not so when the file or its header is no good. May be repeated.
    """
    with connection.transaction():
        connection.execute(query("staging/clear"), {"campaign_id": campaign_id})
        connection.execute(query("problems/clear"), {"campaign_id": campaign_id})
        connection.execute(query("staging/name_campaign"), {"campaign_id": str(campaign_id)})
        problems: Sequence[Problem] = ()
        if given.reading is None:
            _copy_ids(connection, given.user_ids)
        else:
            problems = _stage_file(connection, campaign_id, reading=given.reading, template=target.template)
        for problem in problems:
            _keep_problem(connection, campaign_id, problem)
    return not problems


def find_row_problems(connection: Connection, campaign_id: UUID, *, template: Template) -> None:
    """Find all that is wrong with the staged rows and keep it as problems: what every template asks, then its rules."""
    literal, counts = literal_and_counts(template.content.text, template.variables)
    limit = TEXT_LIMITS[template.channel]
    with connection.transaction():
        connection.execute(query("staging/take_memory"))
        connection.execute(
            query("problems/find_in_rows"),
            {
                "campaign_id": campaign_id,
                "shortest_user_id": SHORTEST_USER_ID,
                "longest_user_id": LONGEST_USER_ID,
                "user_id_column": USER_ID_COLUMN,
                "variables": list(template.variables),
                "variable_total": len(template.variables),
                "variable_counts": counts,
                "variable_most": max(counts, default=0),
                "literal_length": limit.length(literal),
                "limit_unit": limit.unit,
                "limit_most": limit.most,
            },
        )
    find_by_rules(connection, campaign_id, template=template)


def list_problems(connection: Connection, campaign_id: UUID, *, most: int | None = None) -> list[Problem]:
    """Return the problems of a campaign, the file's first and then by row; all of them unless `most` is given."""
    rows = connection.execute(query("problems/list"), {"campaign_id": campaign_id, "most": most})
    return [Problem(Finding(row["finding"]), row["row_number"], row["column_name"], row["facts"]) for row in rows]


def _stage_file(
    connection: Connection, campaign_id: UUID, *, reading: Reading, template: Template
) -> Sequence[Problem]:
    """Stage the rows of a file and return what is wrong with it as a whole.

    The first reader's rows are copied while the second one may still be at work: both take seconds for a large file.
    Where they do not agree no row stays staged.
    """
    if isinstance(reading.first, ReadFile):
        _copy(connection, "staging/copy_rows", reading.first.rows_file)
    match reading.result:
        case UnreadableFile(problems):
            connection.execute(query("staging/clear"), {"campaign_id": campaign_id})
        case ReadFile() as file:
            problems = tuple(_problems_of_header(connection, campaign_id, file=file, template=template))
            if not problems:
                _copy(connection, "staging/copy_problems", file.problems_file)
    return problems


def _problems_of_header(
    connection: Connection, campaign_id: UUID, *, file: ReadFile, template: Template
) -> list[Problem]:
    """Compare the header with the template's; a file with the right one and no row is a problem too."""
    if file.header == template.columns:
        return [] if file.row_count else [Problem(Finding.NO_RECIPIENTS)]
    first_rows = connection.execute(query("staging/list_first"), {"campaign_id": campaign_id})
    return header_problems(
        file.header,
        cells=file.header_cells,
        expected=template.columns,
        workbook_command=template.workbook_command,
        first_rows=[FoundRow(row["row_number"], tuple(row["texts"])) for row in first_rows],
    )


def _copy(connection: Connection, statement: str, path: Path) -> None:
    with connection.cursor() as cursor, cursor.copy(query(statement)) as copy, path.open("rb") as rows:
        while block := rows.read(1 << 18):
            copy.write(block)


def _copy_ids(connection: Connection, user_ids: tuple[str, ...]) -> None:
    """Stage ids given by hand as rows 1, 2, 3, ... with the same cleaning as in a file."""
    remove = str.maketrans("", "", INVISIBLE_CHARACTERS)
    with connection.cursor() as cursor, cursor.copy(query("staging/copy_rows")) as copy:
        for row_number, typed in enumerate(user_ids, start=1):
            copy.write_row((row_number, typed, typed.translate(remove).strip() or None, []))


def _keep_problem(connection: Connection, campaign_id: UUID, problem: Problem) -> None:
    connection.execute(
        query("problems/add"),
        {
            "campaign_id": campaign_id,
            "row_number": problem.row_number,
            "column_name": problem.column,
            "finding": problem.finding,
            "facts": json.dumps(dict(problem.facts)),
        },
    )
