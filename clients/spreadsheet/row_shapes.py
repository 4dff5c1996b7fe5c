"""The shape of a row: which columns it has and of which kinds. Rows of one shape are read by one pattern of their own.

Almost all rows of a sheet look like the row before them but for their values. A pattern made from one row reads the
next in a third of the time that the general one takes; a row that it does not cover in full is none of its shape.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from clients.spreadsheet.number_text import number_text

_START: Final = r'<row r="([1-9][0-9]{0,6})"([^>]*)>'
_TEXT_VALUE: Final = "<v>([0-9]{1,9})</v>"
# No more digits before the point than a spreadsheet keeps, so that no long number hides here.
_NUMBER_VALUE: Final = r"<v>([0-9]{1,15}(?:\.[0-9]{1,20})?)</v>"


@dataclass(frozen=True)
class ShapeCell:
    """One cell of a shape, as its XML attributes say; `style` and `kind` are None where they are not given."""

    column: int
    letters: str
    style: str | None
    kind: str | None
    has_value: bool


@dataclass(frozen=True)
class RowShape:
    """A pattern for a whole row without its end mark: row number, other attributes, then one group for each value."""

    pattern: re.Pattern[str]
    converters: tuple[Callable[[str], str], ...]
    columns: tuple[int, ...]
    is_dense: bool

    def values(self, literals: Sequence[str]) -> list[str | None]:
        """Turn the literals of a row into values by column; raise IndexError for a text that is not there."""
        found = [convert(literal) for convert, literal in zip(self.converters, literals, strict=True)]
        if self.is_dense:
            return [*found]
        values: list[str | None] = [None] * (self.columns[-1] + 1)
        for column, value in zip(self.columns, found, strict=True):
            values[column] = value
        return values


def make_shape(
    cells: Sequence[ShapeCell], texts: Sequence[str], plain_styles: Callable[[str | None], bool]
) -> RowShape | None:
    """Make the shape of a row; None if it holds anything but texts of the table, plain numbers and empty cells."""
    pattern = [_START]
    columns: list[int] = []
    converters: list[Callable[[str], str]] = []
    for cell in cells:
        converter = _converter(cell, texts, plain_styles)
        if cell.has_value and converter is None:
            return None
        pattern.append(_cell_pattern(cell))
        if cell.has_value and converter:
            columns.append(cell.column)
            converters.append(converter)
    if not columns:
        return None
    is_dense = columns == list(range(len(columns)))
    return RowShape(re.compile("".join(pattern)), tuple(converters), tuple(columns), is_dense)


def _converter(
    cell: ShapeCell, texts: Sequence[str], plain_styles: Callable[[str | None], bool]
) -> Callable[[str], str] | None:
    if cell.kind == "s":
        return lambda literal: texts[int(literal)]
    if cell.kind in {None, "n"} and plain_styles(cell.style):
        return _number
    return None


def _cell_pattern(cell: ShapeCell) -> str:
    style = f' s="{cell.style}"' if cell.style is not None else ""
    kind = f' t="{cell.kind}"' if cell.kind is not None else ""
    start = rf'<c r="{cell.letters}\1"{style}{kind}'
    if not cell.has_value:
        return rf"{start}(?:/>|></c>)"
    return f"{start}>{_TEXT_VALUE if cell.kind == 's' else _NUMBER_VALUE}</c>"


def _number(literal: str) -> str:
    return literal if literal[0] != "0" and "." not in literal else _decimal(literal)


@lru_cache(maxsize=200_000)
def _decimal(literal: str) -> str:
    return number_text(float(literal))
