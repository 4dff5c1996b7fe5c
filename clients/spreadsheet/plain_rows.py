"""Many rows at once, column by column: which of them need a closer look, and the lines of all the others."""

from collections.abc import Sequence

from clients.spreadsheet.clean_cells import ID_WITH_EXPONENT, LONGEST_CELL
from clients.spreadsheet.copy_format import NULL
from clients.spreadsheet.row_shapes import RowBatch
from clients.spreadsheet.row_trace import SEPARATOR
from clients.spreadsheet.sheet_rows import SheetRow
from domain.recipients_file import EXAMPLE_USER_ID


def part_of(batch: RowBatch, part: slice) -> RowBatch:
    """Return some of the rows."""
    return RowBatch(batch.numbers[part], [column[part] for column in batch.columns])


def row_at(batch: RowBatch, place: int) -> SheetRow:
    """Give one row of many; `place` counts from 0."""
    values = [column[place] for column in batch.columns]
    return SheetRow(batch.numbers[place], is_hidden=False, values=values, findings=None)


def texts_of(column: list[str | None]) -> list[str]:
    """Return the texts of a column; an empty one for a cell without."""
    return [value or "" for value in column]


def odd_places(columns: Sequence[list[str]]) -> list[int]:
    """Find the rows that are blank, or have a cell that is not written as it stands or has something wrong with it."""
    odd: set[int] = set()
    for texts in columns:
        if not _is_plain(SEPARATOR.join(texts), len(texts)):
            odd.update(place for place, text in enumerate(texts) if not _is_plain(text, 1))
    if not "".join(columns[0]).isdigit():
        odd.update(place for place, text in enumerate(columns[0]) if text and _is_odd_id(text))
    if not any(map(all, columns)):
        odd.update(place for place, texts in enumerate(zip(*columns, strict=True)) if not any(texts))
    return sorted(odd)


def copy_lines(numbers: Sequence[int], columns: Sequence[list[str]]) -> list[str]:
    """Write the lines of the rows file for plain texts; what they are for others does not matter."""
    ids = columns[0] if all(columns[0]) else [text or NULL for text in columns[0]]
    is_full = [all(texts) for texts in columns[1:]]
    cells = [
        texts if full else [f'"{text}"' if text else "NULL" for text in texts]
        for texts, full in zip(columns[1:], is_full, strict=True)
    ]
    fields = ",".join('"%s"' if full else "%s" for full in is_full)
    template = f"%d\t%s\t%s\t{{{fields}}}\n"
    return list(map(template.__mod__, zip(numbers, ids, ids, *cells, strict=True)))


def _is_plain(joined: str, count: int) -> bool:
    """Tell whether each of `count` joined texts is written as it stands: no escapes, no blanks at its edges.

    What is not printable takes in every control character and every blank but the space (UNUSUAL in clean_cells.py).
    """
    return (
        joined.isprintable()
        and "\\" not in joined
        and joined.count(SEPARATOR) == count - 1
        and not joined.startswith(" ")
        and not joined.endswith(" ")
        and f" {SEPARATOR}" not in joined
        and f"{SEPARATOR} " not in joined
        and (len(joined) <= LONGEST_CELL or max(map(len, joined.split(SEPARATOR))) <= LONGEST_CELL)
    )


def _is_odd_id(text: str) -> bool:
    return text == EXAMPLE_USER_ID or ID_WITH_EXPONENT.fullmatch(text) is not None
