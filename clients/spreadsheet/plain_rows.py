"""Many rows at once, column by column: which of them need a closer look, and the lines of all the others."""

from collections.abc import Sequence
from typing import Final

from clients.spreadsheet.clean_cells import ID_WITH_EXPONENT, LONGEST_CELL
from clients.spreadsheet.copy_format import NULL
from clients.spreadsheet.printable import is_printable
from clients.spreadsheet.row_shapes import RowBatch
from clients.spreadsheet.row_trace import SEPARATOR
from clients.spreadsheet.sheet_rows import SheetRow
from domain.recipients_file import EXAMPLE_USER_ID

_ID_BYTES: Final = b"0123456789" + SEPARATOR.encode()


def part_of(batch: RowBatch, part: slice) -> RowBatch:
    """Return some of the rows."""
    return RowBatch(batch.numbers[part], [column[part] for column in batch.columns])


def row_at(batch: RowBatch, place: int) -> SheetRow:
    """Give one row of many; `place` counts from 0."""
    values = [column[place] for column in batch.columns]
    return SheetRow(batch.numbers[place], is_hidden=False, values=values, findings=None)


def texts_of(column: list[str | None]) -> Sequence[str]:
    """Return the texts of a column; an empty one for a cell without."""
    return column if all(column) else [value or "" for value in column]  # type: ignore[return-value]  # none is None


def joined(columns: Sequence[Sequence[str]]) -> list[str]:
    """Return the texts of each column as one."""
    return [SEPARATOR.join(texts) for texts in columns]


def odd_places(columns: Sequence[Sequence[str]], joined_columns: Sequence[str]) -> list[int]:
    """Find the rows that are blank, or have a cell that is not written as it stands or has something wrong with it."""
    odd: set[int] = set()
    for texts, joined_texts in zip(columns, joined_columns, strict=True):
        if not _is_plain(joined_texts, len(texts)):
            odd.update(place for place, text in enumerate(texts) if not _is_plain(text, 1))
    if not joined_columns[0].isascii() or joined_columns[0].encode().translate(None, _ID_BYTES):
        odd.update(place for place, text in enumerate(columns[0]) if text and _is_odd_id(text))
    if not any(map(all, columns)):
        odd.update(place for place, texts in enumerate(zip(*columns, strict=True)) if not any(texts))
    return sorted(odd)


def copy_lines(numbers: Sequence[int], columns: Sequence[Sequence[str]]) -> str:
    """Return the lines of the rows file for plain texts."""
    ids = columns[0] if all(columns[0]) else [text or NULL for text in columns[0]]
    fields: list[Sequence[str]] = [list(map(str, numbers)), ids, ids]
    ends = ["\t", "\t", "\t{"]
    for texts in columns[1:]:
        is_full = all(texts)
        fields.append(texts if is_full else [f'"{text}"' if text else "NULL" for text in texts])
        ends[-1] += '"' if is_full else ""
        ends.append('",' if is_full else ",")
    ends[-1] = f"{ends[-1].removesuffix(',')}}}\n"
    # Laid out in one list and joined at once: half as long as a format for each row.
    width = 2 * len(fields)
    pieces = [""] * (width * len(numbers))
    for place, (field, end) in enumerate(zip(fields, ends, strict=True)):
        pieces[2 * place :: width] = field
        pieces[2 * place + 1 :: width] = [end] * len(numbers)
    return "".join(pieces)


def _is_plain(joined: str, count: int) -> bool:
    """Tell whether each of `count` joined texts is written as it stands: no escapes, no blanks at its edges.

    What is not printable takes in every control character and every blank but the space (UNUSUAL in clean_cells.py).
    """
    return (
        is_printable(joined)
        and "\\" not in joined
        and joined.count(SEPARATOR) == count - 1
        and not joined.startswith(" ")
        and not joined.endswith(" ")
        and f" {SEPARATOR}" not in joined
        and f"{SEPARATOR} " not in joined
        and not _has_long(joined)
    )


def _has_long(joined: str) -> bool:
    """Tell whether a text is longer than a cell; only then one half as long may hold a piece without a separator."""
    piece = LONGEST_CELL // 2
    is_possible = any(joined.find(SEPARATOR, at, at + piece) < 0 for at in range(0, len(joined) - piece, piece))
    return is_possible and max(map(len, joined.split(SEPARATOR))) > LONGEST_CELL


def _is_odd_id(text: str) -> bool:
    return text == EXAMPLE_USER_ID or ID_WITH_EXPONENT.fullmatch(text) is not None
