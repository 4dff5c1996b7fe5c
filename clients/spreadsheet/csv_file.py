"""A csv file: its encoding, its delimiter, and its records as rows.

The rules: UTF-8, with or without byte order mark; UTF-16 only with one; cp1252 only if it is asked for. The delimiter
is a comma, a semicolon or a tab: the one that a first line `sep=;` names, else the one after `user_id` in the header,
else the most frequent one there.
A record may go over several lines inside quotes; row numbers count records, as a spreadsheet shows them, and a
blank line is a blank row. A record with fewer fields than the header has empty cells at its end. One with more is
refused, unless the further ones are empty: a value that has slipped to the right would go to the wrong column. A
quote that is never closed, or text after a closing quote, refuses the file with the line where the record begins.
Nothing has a type here: an id of 17 digits is text and stays whole, and NA, null or TRUE are words. A second reader
(`csv_second_reader`) must find the very same records, or the file is refused.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from clients.spreadsheet.clean_cells import clean_id
from clients.spreadsheet.copy_files import RecipientsWriter
from clients.spreadsheet.csv_second_reader import read_records
from clients.spreadsheet.limits import MIB, ReadingJob, UnreadableError, refused, too_large
from clients.spreadsheet.sheet_rows import SheetRow
from domain.problem import Finding, Problem
from domain.recipients_file import USER_ID_COLUMN

_DELIMITERS: Final = {",": "commas", ";": "semicolons", "\t": "tabs"}
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF32_LE, None),
    (codecs.BOM_UTF32_BE, None),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UTF_8: Final = frozenset({"utf-8", "utf-8-sig"})
_ENCODING_NAMES: Final = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "cp1252": "cp1252 (Windows)"}
_LONGEST_FIELD: Final = 16 * MIB
_HEAD_CHARACTERS: Final = 1_000_000
_LINES_SHOWN: Final = 20


@dataclass(frozen=True)
class _Dialect:
    delimiter: str
    skipped_lines: int


def read_csv(path: Path, writer: RecipientsWriter, job: ReadingJob) -> tuple[str, ...]:
    """Write the records of the csv file at `path` with `writer`; return what was assumed, in plain words.

    Raises UnreadableError with every line that cannot be read, up to twenty.
    """
    encoding = _tell_encoding(path, job.encoding)
    try:
        dialect = _tell_dialect(path, encoding)
        bad_lines = list(_write_records(path, encoding, dialect, writer))
    except UnicodeError as error:
        raise _bad_encoding(encoding, _first_bad_line(path, encoding)) from error
    if bad_lines:
        raise UnreadableError(*bad_lines)
    writer.finish()
    return _remarks(encoding, dialect, job)


def _tell_encoding(path: Path, wanted: str | None) -> str:
    """Tell the encoding by the byte order mark, which is surer than what a person says; without one as they say."""
    with path.open("rb") as file:
        start = file.read(4)
    for mark, encoding in _BYTE_ORDER_MARKS:
        if start.startswith(mark):
            if encoding is None:
                raise refused(Finding.BAD_CSV_LINE, line=1, what="is encoded in UTF-32, which is not read here")
            return encoding
    return wanted or "utf-8"


def _bad_encoding(encoding: str, line: int) -> UnreadableError:
    if encoding in _UTF_8:
        return refused(Finding.BAD_ENCODING, line=line)
    return refused(Finding.BAD_CSV_LINE, line=line, what=f"is no {_ENCODING_NAMES[encoding]} text")


def _tell_dialect(path: Path, encoding: str) -> _Dialect:
    with path.open(encoding=encoding, newline="") as file:
        head = file.read(_HEAD_CHARACTERS)
    first = next(iter(io.StringIO(head, newline="")), "")
    named = first.strip().strip('"')
    if named.casefold().startswith("sep=") or first.casefold().startswith("sep="):
        delimiter = first.rstrip("\r\n").strip('"')[4:5]
        if delimiter not in _DELIMITERS:
            raise refused(Finding.BAD_CSV_LINE, line=1, what="names a separator other than comma, semicolon and tab")
        return _Dialect(delimiter, skipped_lines=1)
    return _Dialect(_most_likely_delimiter(head), skipped_lines=0)


def _most_likely_delimiter(head: str) -> str:
    """Choose by the header record alone: texts below may hold any character any number of times."""
    counts: dict[str, int] = {}
    for delimiter in _DELIMITERS:
        header = next(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter), [])
        if len(header) > 1 and clean_id(header[0]).casefold() == USER_ID_COLUMN:
            return delimiter
        counts[delimiter] = len(header)
    return max(counts, key=lambda delimiter: counts[delimiter])


def _write_records(path: Path, encoding: str, dialect: _Dialect, writer: RecipientsWriter) -> Iterator[Problem]:
    """Give each record to `writer` and yield the problems of lines; after the first one nothing more is written."""
    width: int | None = None
    bad_count = 0
    again = read_records(path, encoding, delimiter=dialect.delimiter, skipped_lines=dialect.skipped_lines)
    for number, line, record in agreed(_records(path, encoding, dialect), again):
        if isinstance(record, str):
            yield Problem(Finding.BAD_CSV_LINE, facts={"line": line, "what": record})
            return
        width = len(record) if width is None else width
        if any(field.strip() for field in record[width:]):
            bad_count += 1
            yield Problem(Finding.BAD_CSV_LINE, facts={"line": line, "what": _too_many(len(record), width, dialect)})
            if bad_count == _LINES_SHOWN:
                return
        elif not bad_count:
            writer.take(
                SheetRow(number, is_hidden=False, values=[field or None for field in record[:width]], findings=None)
            )


def agreed(
    records: Iterable[tuple[int, int, list[str] | str]], again: Iterator[list[str] | None]
) -> Iterator[tuple[int, int, list[str] | str]]:
    """Give the records (row number, line, fields) that a second reading gives too; a fault in place of fields ends it.

    Raises UnreadableError at the first record that only one reading has, or that is another in each.
    """
    for number, line, record in records:
        if not isinstance(record, str) and next(again, None) != record:
            raise refused(Finding.READERS_DISAGREE, what=f"row {number} is not the same to both")
        yield number, line, record
        if isinstance(record, str):
            return
    if next(again, None) is not None:
        raise refused(Finding.READERS_DISAGREE, what="one of them sees more rows")


def _records(path: Path, encoding: str, dialect: _Dialect) -> Iterator[tuple[int, int, list[str] | str]]:
    """Give (row number, line where the record begins, its fields), or in place of the fields why it has none."""
    csv.field_size_limit(_LONGEST_FIELD)
    with path.open(encoding=encoding, newline="") as file:
        for _ in range(dialect.skipped_lines):
            file.readline()
        reader = csv.reader(file, delimiter=dialect.delimiter, strict=True)
        number = 0
        while True:
            line = dialect.skipped_lines + reader.line_num + 1
            number += 1
            try:
                yield number, line, next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield number, line, _what_is_wrong(error)
                return


def _what_is_wrong(error: csv.Error) -> str:
    if "field larger" in str(error):
        raise too_large("one of its fields has more than 16 million characters, or a quote is never closed") from error
    if "end of data" in str(error):
        return "opens a quote that is never closed"
    return "has text after a closing quote, or a quote that is not doubled"


def _too_many(count: int, width: int, dialect: _Dialect) -> str:
    return f"has {count} fields (separated by {_DELIMITERS[dialect.delimiter]}), and the header has {width}"


def _first_bad_line(path: Path, encoding: str) -> int:
    """Find the line, counted from 1, where decoding fails."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line_count = 1
    with path.open("rb") as file:
        while block := file.read(MIB):
            try:
                text = decoder.decode(block)
            except UnicodeDecodeError as error:
                before = error.object[: error.start].decode("utf-8" if "8" in encoding else encoding, "ignore")
                return line_count + _line_ends(before)
            line_count += _line_ends(text)
    return line_count


def _line_ends(text: str) -> int:
    return text.count("\n") or text.count("\r")


def _remarks(encoding: str, dialect: _Dialect, job: ReadingJob) -> tuple[str, ...]:
    remarks = [f"The columns are separated by {_DELIMITERS[dialect.delimiter]}."]
    if encoding not in _UTF_8:
        remarks.append(f"The text was read as {_ENCODING_NAMES[encoding]}.")
    if job.encoding is not None and job.encoding != encoding and not {job.encoding, encoding} <= _UTF_8:
        remarks.append(f"The encoding {job.encoding} was not needed: the file itself says {_ENCODING_NAMES[encoding]}.")
    if job.sheet is not None:
        remarks.append("A csv file has no sheets; the name of one was not needed.")
    return tuple(remarks)
