"""The shape of a row: which columns it has and of which kinds. Rows of one shape are read by one pattern of their own.

Almost all rows of a sheet look like the row before them but for their values. A pattern made from one row reads the
next in a third of the time that the general one takes; a row that it does not cover in full is none of its shape.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from operator import or_
from typing import Final

from clients.spreadsheet.number_text import number_text

_START: Final = r'<row r="([1-9][0-9]{0,6})"([^>]*)>'
_MOST_CELLS: Final = 256
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
    """A pattern for a whole row without its end mark: row number, other attributes, then one group for each value.

    `text_places` and `number_places` say which of the values are numbers of texts, and which are plain numbers.
    """

    pattern: re.Pattern[str]
    text_places: tuple[int, ...]
    number_places: tuple[int, ...]
    columns: tuple[int, ...]
    is_dense: bool

    def values(self, literals: Sequence[str], texts: Sequence[str]) -> list[str | None]:
        """Turn the literals of a row into values by column; raise IndexError for a text that is not there."""
        found: list[str | None] = [*literals]
        for place in self.text_places:
            found[place] = texts[int(literals[place])]
        for place in self.number_places:
            literal = literals[place]
            if literal[0] == "0" or "." in literal:
                found[place] = _decimal(literal)
        return found if self.is_dense else self._spread(found)

    def _spread(self, found: list[str | None]) -> list[str | None]:
        values: list[str | None] = [None] * (self.columns[-1] + 1)
        for column, value in zip(self.columns, found, strict=True):
            values[column] = value
        return values


def make_shape(cells: Sequence[ShapeCell], is_plain_style: Callable[[str | None], bool]) -> RowShape | None:
    """Make the shape of a row; None if it holds anything but texts of the table, plain numbers and empty cells.

    A row of very many cells has none either: a pattern of that length would cost more than it saves.
    """
    if len(cells) > _MOST_CELLS:
        return None
    filled = [cell for cell in cells if cell.has_value]
    is_text = [cell.kind == "s" for cell in filled]
    is_number = [cell.kind in {None, "n"} and is_plain_style(cell.style) for cell in filled]
    if not filled or not all(map(or_, is_text, is_number)):
        return None
    columns = tuple(cell.column for cell in filled)
    return RowShape(
        pattern=re.compile(_START + "".join(map(_cell_pattern, cells))),
        text_places=tuple(compress(range(len(filled)), is_text)),
        number_places=tuple(compress(range(len(filled)), is_number)),
        columns=columns,
        is_dense=columns == tuple(range(len(columns))),
    )


def _cell_pattern(cell: ShapeCell) -> str:
    style = f' s="{cell.style}"' if cell.style is not None else ""
    kind = f' t="{cell.kind}"' if cell.kind is not None else ""
    start = rf'<c r="{cell.letters}\1"{style}{kind}'
    if not cell.has_value:
        return rf"{start}(?:/>|></c>)"
    return f"{start}>{_TEXT_VALUE if cell.kind == 's' else _NUMBER_VALUE}</c>"


@lru_cache(maxsize=200_000)
def _decimal(literal: str) -> str:
    return number_text(float(literal))
