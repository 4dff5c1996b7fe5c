"""What is wrong with a file: findings, the code each counts under, and the sentence the marketer gets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class ProblemCode(StrEnum):
    """The kind of a problem. Codes of rows are reasons too (`domain.reasons.Reason`)."""

    UNREADABLE_FILE = "unreadable_file"
    BAD_HEADER = "bad_header"
    NO_RECIPIENTS = "no_recipients"
    BAD_USER_ID = "bad_user_id"
    BAD_VALUE = "bad_value"
    MISSING_VALUE = "missing_value"
    TOO_LONG = "too_long"
    DUPLICATE = "duplicate"
    CONFLICTING_DUPLICATE = "conflicting_duplicate"


class Finding(StrEnum):
    """Exactly what was found. Each has one code and one sentence in `FINDINGS`."""

    # the file
    EMPTY_FILE = "empty_file"
    NOT_A_SPREADSHEET = "not_a_spreadsheet"
    UNSUPPORTED_FORMAT = "unsupported_format"
    ENCRYPTED = "encrypted"
    MACROS = "macros"
    DAMAGED = "damaged"
    TOO_LARGE = "too_large"
    READER_STOPPED = "reader_stopped"
    CHANGED_WHILE_READ = "changed_while_read"
    SEVERAL_SHEETS = "several_sheets"
    ONLY_HIDDEN_SHEETS = "only_hidden_sheets"
    NO_SUCH_SHEET = "no_such_sheet"
    HIDDEN_ROWS = "hidden_rows"
    HIDDEN_COLUMNS = "hidden_columns"
    MERGED_CELLS = "merged_cells"
    BAD_ENCODING = "bad_encoding"
    BAD_CSV_LINE = "bad_csv_line"
    READERS_DISAGREE = "readers_disagree"
    # the header
    NO_HEADER = "no_header"
    HEADER_CELL_CHANGED = "header_cell_changed"
    HEADER_COLUMN_MISSING = "header_column_missing"
    HEADER_COLUMN_UNEXPECTED = "header_column_unexpected"
    HEADER_COLUMN_DOUBLED = "header_column_doubled"
    HEADER_ORDER = "header_order"
    # the rows
    NO_RECIPIENTS = "no_recipients"
    ID_STORED_AS_NUMBER = "id_stored_as_number"
    ID_MISSING = "id_missing"
    ID_BAD_SHAPE = "id_bad_shape"
    VALUE_MISSING = "value_missing"
    VALUE_STORED_AS_LONG_NUMBER = "value_stored_as_long_number"
    CELL_ERROR = "cell_error"
    CELL_FORMULA_WITHOUT_VALUE = "cell_formula_without_value"
    CELL_CONTROL_CHARACTER = "cell_control_character"
    CELL_TOO_LONG = "cell_too_long"
    VALUE_NOT_IN_SET = "value_not_in_set"
    VALUE_BAD_SHAPE = "value_bad_shape"
    VALUE_NOT_A_DATE = "value_not_a_date"
    VALUE_DATE_OUT_OF_RANGE = "value_date_out_of_range"
    VALUE_TOO_LONG = "value_too_long"
    MESSAGE_TOO_LONG = "message_too_long"
    DUPLICATE = "duplicate"
    CONFLICTING_DUPLICATE = "conflicting_duplicate"


_ID_COLUMN_HELP = "format the user_id column as text and paste the ids again from their source"

# (code, sentence). Sentences say what, where and the remedy; `{facts}` are filled by Problem.text.
FINDINGS: Final[dict[Finding, tuple[ProblemCode, str]]] = {
    Finding.EMPTY_FILE: (ProblemCode.UNREADABLE_FILE, "The file is empty; send the workbook with its rows."),
    Finding.NOT_A_SPREADSHEET: (
        ProblemCode.UNREADABLE_FILE,
        "The file is {actual}, though its name ends in {extension}; save the sheet as .xlsx or .csv and send that.",
    ),
    Finding.UNSUPPORTED_FORMAT: (
        ProblemCode.UNREADABLE_FILE,
        "The file is {actual}, which is not read here; save it as .xlsx or .csv and send that.",
    ),
    Finding.ENCRYPTED: (
        ProblemCode.UNREADABLE_FILE,
        "The file is protected by a password; remove the password (File, Info, Protect Workbook) and send it again.",
    ),
    Finding.MACROS: (
        ProblemCode.UNREADABLE_FILE,
        "The workbook holds macros, which are never run here; save it as .xlsx without macros and send that.",
    ),
    Finding.DAMAGED: (
        ProblemCode.UNREADABLE_FILE,
        "The file is damaged ({what}); open it in Excel or LibreOffice, save it again as .xlsx, and send that.",
    ),
    Finding.TOO_LARGE: (
        ProblemCode.UNREADABLE_FILE,
        "The file is too large: {what}; copy the rows of the list alone into a fresh workbook, or split the list into "
        "several campaigns.",
    ),
    Finding.READER_STOPPED: (
        ProblemCode.UNREADABLE_FILE,
        "The file could not be read within its limits of memory and time: it is too large or damaged; "
        "save it again as .xlsx, or split it.",
    ),
    Finding.CHANGED_WHILE_READ: (
        ProblemCode.UNREADABLE_FILE,
        "The file changed while it was being read; wait until it is saved and closed, and then run the command again.",
    ),
    Finding.ONLY_HIDDEN_SHEETS: (
        ProblemCode.UNREADABLE_FILE,
        "All sheets of the workbook are hidden ({sheets}); show the one with the recipients and send the file again, "
        "or name it with --sheet NAME.",
    ),
    Finding.SEVERAL_SHEETS: (
        ProblemCode.UNREADABLE_FILE,
        "Several sheets could hold the recipients ({sheets}); say which with --sheet NAME.",
    ),
    Finding.NO_SUCH_SHEET: (
        ProblemCode.UNREADABLE_FILE,
        "There is no sheet named {sheet}; the workbook has {sheets}. Say one of them with --sheet NAME.",
    ),
    Finding.HIDDEN_ROWS: (
        ProblemCode.UNREADABLE_FILE,
        "Rows that are hidden or filtered away: {count} (the first is row {first}); say --hidden-rows include to send "
        "to them too or --hidden-rows skip to leave them out, or show them and send the file again.",
    ),
    Finding.HIDDEN_COLUMNS: (
        ProblemCode.UNREADABLE_FILE,
        "Columns that are hidden hold values: {columns}; show them or delete them, and send the file again.",
    ),
    Finding.MERGED_CELLS: (
        ProblemCode.UNREADABLE_FILE,
        "The cells {cells} are merged, so only one of them has a value; unmerge them and fill every row.",
    ),
    Finding.BAD_ENCODING: (
        ProblemCode.UNREADABLE_FILE,
        "Line {line} of the file is not UTF-8 text; save it as 'CSV UTF-8' or as .xlsx and send that, or, if Excel on "
        "Windows saved it as plain CSV, say --encoding cp1252.",
    ),
    Finding.BAD_CSV_LINE: (
        ProblemCode.UNREADABLE_FILE,
        "Line {line} of the file {what}; mend that line, or save the sheet as .xlsx, and send it again.",
    ),
    Finding.READERS_DISAGREE: (
        ProblemCode.UNREADABLE_FILE,
        "Two readers do not agree on what the file holds ({what}); open it in Excel or LibreOffice, save it again "
        "as .xlsx, and send that.",
    ),
    Finding.NO_HEADER: (
        ProblemCode.BAD_HEADER,
        "Row 1 should hold the header {expected}, but the file begins with {found}; {advice}, or get a fresh workbook "
        "with `{workbook_command}` and paste the rows into it.",
    ),
    Finding.HEADER_CELL_CHANGED: (
        ProblemCode.BAD_HEADER,
        "Cell {cell} should be {expected} but is {found}; write {expected} there, or get a fresh workbook with "
        "`{workbook_command}`.",
    ),
    Finding.HEADER_COLUMN_MISSING: (
        ProblemCode.BAD_HEADER,
        "The column {expected} is missing from the header; add it as column {cell}, or get a fresh workbook with "
        "`{workbook_command}`.",
    ),
    Finding.HEADER_COLUMN_UNEXPECTED: (
        ProblemCode.BAD_HEADER,
        "Cell {cell} names a column {found} that the template does not have; delete that column, or get a fresh "
        "workbook with `{workbook_command}`.",
    ),
    Finding.HEADER_COLUMN_DOUBLED: (
        ProblemCode.BAD_HEADER,
        "The column {found} stands in the header twice, in cells {first} and {cell}; keep one of them, or get a fresh "
        "workbook with `{workbook_command}`.",
    ),
    Finding.HEADER_ORDER: (
        ProblemCode.BAD_HEADER,
        "Cell {cell} should be {expected} but is {found}: the columns are in another order than in the template's "
        "workbook; put them back as {order}, or get a fresh workbook with `{workbook_command}`.",
    ),
    Finding.NO_RECIPIENTS: (
        ProblemCode.NO_RECIPIENTS,
        "No recipients were found below the header; add one row for each person and send the file again.",
    ),
    Finding.ID_STORED_AS_NUMBER: (
        ProblemCode.BAD_USER_ID,
        "The user_id is stored as a number of more than 15 digits ({found}), of which a spreadsheet loses the last "
        f"ones; {_ID_COLUMN_HELP}.",
    ),
    Finding.ID_MISSING: (ProblemCode.MISSING_VALUE, "The user_id is missing; fill it in or delete the row."),
    Finding.ID_BAD_SHAPE: (
        ProblemCode.BAD_USER_ID,
        f"The user_id {{found}} is not 5 to 20 digits; {_ID_COLUMN_HELP}.",
    ),
    Finding.VALUE_MISSING: (
        ProblemCode.MISSING_VALUE,
        "The cell under {column} is empty; the template needs a value there.",
    ),
    Finding.VALUE_STORED_AS_LONG_NUMBER: (
        ProblemCode.BAD_VALUE,
        "The cell under {column} is a number of more than 15 digits ({found}), of which a spreadsheet loses the last "
        "ones; format the column as text and paste the values again.",
    ),
    Finding.CELL_ERROR: (
        ProblemCode.BAD_VALUE,
        "The cell under {column} shows the error {found}; mend the formula or type the value.",
    ),
    Finding.CELL_FORMULA_WITHOUT_VALUE: (
        ProblemCode.BAD_VALUE,
        "The cell under {column} is a formula whose value was never stored; open the file in Excel once, save it, "
        "and send it again.",
    ),
    Finding.CELL_CONTROL_CHARACTER: (
        ProblemCode.BAD_VALUE,
        "The cell under {column} holds a character that cannot be sent ({found}); type the text again.",
    ),
    Finding.CELL_TOO_LONG: (
        ProblemCode.TOO_LONG,
        "The cell under {column} holds {length} characters, and a sheet's cell takes 32,767; shorten it.",
    ),
    Finding.VALUE_NOT_IN_SET: (
        ProblemCode.BAD_VALUE,
        "The cell {column} holds \u201c{found}\u201d, which is not allowed there: {advice}.",
    ),
    Finding.VALUE_BAD_SHAPE: (
        ProblemCode.BAD_VALUE,
        "The cell {column} holds \u201c{found}\u201d, which does not fit; what is needed there: {allowed}.",
    ),
    Finding.VALUE_NOT_A_DATE: (
        ProblemCode.BAD_VALUE,
        "The cell {column} holds \u201c{found}\u201d, which is not read as a date; format the cell as a date, or write "
        "it like 2026-12-31 (year, month, day).",
    ),
    Finding.VALUE_DATE_OUT_OF_RANGE: (
        ProblemCode.BAD_VALUE,
        "The cell {column} holds the date {found}, and dates {allowed} are allowed there; mend it.",
    ),
    Finding.VALUE_TOO_LONG: (
        ProblemCode.TOO_LONG,
        "The cell {column} has {length} characters, and at most {allowed} are allowed there; shorten it.",
    ),
    Finding.MESSAGE_TOO_LONG: (
        ProblemCode.TOO_LONG,
        "With these values the message has {length} {unit}, and at most {limit} may be sent; shorten the values.",
    ),
    Finding.DUPLICATE: (
        ProblemCode.DUPLICATE,
        "The same person is on row {first_row} already with the same values; only that row is sent.",
    ),
    Finding.CONFLICTING_DUPLICATE: (
        ProblemCode.CONFLICTING_DUPLICATE,
        "The same person is on rows {rows} with different values; keep the right one and delete the others.",
    ),
}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where (row as the spreadsheet shows it, column by name), what, and its facts."""

    finding: Finding
    row_number: int | None = None
    column: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def code(self) -> ProblemCode:
        """The code this finding counts under."""
        return FINDINGS[self.finding][0]

    @property
    def text(self) -> str:
        """The sentence for people, with its facts filled in."""
        return FINDINGS[self.finding][1].format_map({"column": self.column, **self.facts})

    @property
    def text_without_cells(self) -> str:
        """The sentence for places that anybody may read: what stands in a cell, or is made of it, is left out."""
        shown = {name: "…" if name in _FROM_CELLS else value for name, value in self.facts.items()}
        return FINDINGS[self.finding][1].format_map({"column": self.column, **shown})


# Facts that may hold what a person has typed into the list: a name, a phone number, somebody's id.
_FROM_CELLS: Final = frozenset({"found", "advice", "what"})
