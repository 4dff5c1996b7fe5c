r"""The shape of the rows of a sheet: which columns they have, and in which forms their cells are written.

Almost all rows of a sheet are written in the same few ways. A pattern that allows for each column every form in which
its cells were seen takes thousands of rows apart at once; a text that it does not cover without a gap holds a row that
is none of this shape. The pattern is strict: each cell names the row's own number, and the cells are in order.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from itertools import chain, compress
from typing import Final, NamedTuple

from clients.spreadsheet.number_text import number_text
from clients.spreadsheet.shared_texts import unescape_code_units, unescape_xml
from domain.cell_address import column_index

_MOST_COLUMNS: Final = 256
_MOST_FORMS: Final = 400
# A row that is perhaps hidden needs a closer look.
_ATTRIBUTES: Final = r'(?: (?!hidden=|r=)[A-Za-z][A-Za-z0-9:]*+="[A-Za-z0-9:. -]*+")*+'
_START: Final = r'<row r="([1-9][0-9]{0,6}+)"'
_STYLE: Final = '(?: s="[0-9]{1,6}+")?+'
_TEXT_VALUE: Final = '(?: t="s"| s="[0-9]{1,6}+" t="s")><v>([0-9]{1,9}+)</v>'
# No more digits before the point than a spreadsheet keeps, so that no long number hides here.
_NUMBER_VALUE: Final = r"><v>([0-9]{1,15}+(?:\.[0-9]{1,20}+)?+)</v>"
_INLINE_VALUE: Final = (
    '(?: t="inlineStr"| s="[0-9]{1,6}+" t="inlineStr")><is><t(?: xml:space="preserve")?+>([^<]*+)</t></is>'
)


class CellForm(NamedTuple):
    """One way in which a cell with a value is written.

    `kind` and `style` are its XML attributes, None if not given; how a text is styled does not matter.
    """

    kind: str | None
    style: str | None
    is_inline: bool

    @property
    def is_number(self) -> bool:
        """Tell whether cells of this form hold a number."""
        return self.kind in {None, "n"}


class RowBatch(NamedTuple):
    """Rows that follow each other in a sheet, column by column: columns from 0, None for an empty cell.

    Each row and the last column hold a value; none of the rows is hidden.
    """

    numbers: list[int]
    columns: list[list[str | None]]


class MissingTextError(Exception):
    """A cell points to a text that is not there; the argument is its address."""


@dataclass
class RowShape:
    """The forms seen so far and the pattern made of them; `texts` are those that cells of kind `s` point to."""

    texts: Sequence[str]
    is_plain_style: Callable[[str | None], bool]
    _forms: dict[str, list[CellForm]] = field(default_factory=dict)
    _pattern: re.Pattern[str] | None = None

    def learn(self, cells: Iterable[tuple[str, CellForm | None]], *, attributes: str) -> bool:
        """Take in the columns (letters) and forms of cells, None for empty ones; tell whether any is new.

        Forms that need a closer look than a pattern can take are left out. Rows with the very `attributes` are taken
        apart faster than others.
        """
        is_new = False
        for letters, form in cells:
            if letters not in self._forms and column_index(letters) < _MOST_COLUMNS:
                self._forms[letters] = []
                is_new = True
            if form and self._is_welcome(letters, form):
                self._forms[letters].append(form)
                is_new = True
        if is_new:
            self._forms = dict(sorted(self._forms.items(), key=lambda item: column_index(item[0])))
            self._pattern = re.compile(
                _start_pattern(attributes) + "".join(_column_pattern(*each) for each in self._forms.items()) + "</row>"
            )
        return is_new

    def split(self, content: str) -> list[str | None]:
        """Take rows apart: what stands between them and `width` groups for each row, in turn."""
        return self._pattern.split(content) if self._pattern else [content]

    @property
    def width(self) -> int:
        """How many groups one row has: its number, and one for each form."""
        return self._pattern.groups if self._pattern else 0

    def inline_texts(self, groups: Sequence[list[str | None]]) -> Iterator[str]:
        """Give the texts, as they are written, of cells that hold their own: all in the groups that is not strict."""
        forms = chain.from_iterable(self._forms.values())
        return chain.from_iterable(
            filter(None, group) for form, group in zip(forms, groups, strict=True) if form.is_inline
        )

    def batch(self, numbers: list[int], groups: Sequence[list[str | None]]) -> RowBatch:
        """Turn the groups of the rows `numbers`, each a list with one item for each row, into values.

        Raises MissingTextError for a text that is not there.
        """
        columns: list[list[str | None]] = []
        empty: list[str | None] = [None] * len(numbers)
        place = 0
        for letters, forms in self._forms.items():
            literals = groups[place : place + len(forms)]
            place += len(forms)
            if any(map(any, literals)):
                columns.extend([empty] * (column_index(letters) - len(columns)))
                columns.append(self._column(letters, numbers, list(zip(forms, literals, strict=True))))
        return _without_blank_rows(RowBatch(numbers, columns))

    def _is_welcome(self, letters: str, form: CellForm) -> bool:
        known = self._forms.get(letters)
        if known is None or form in known or sum(map(len, self._forms.values())) >= _MOST_FORMS:
            return False
        return form.is_inline or form.kind == "s" or (form.is_number and self.is_plain_style(form.style))

    def _column(
        self, letters: str, numbers: list[int], written: Sequence[tuple[CellForm, list[str | None]]]
    ) -> list[str | None]:
        try:
            readings = [self._values(form, literals) for form, literals in written]
        except IndexError as error:
            raise MissingTextError(f"{letters}{self._first_missing(numbers, written)}") from error
        return reduce(_merged, readings)

    def _values(self, form: CellForm, literals: list[str | None]) -> list[str | None]:
        if form.is_inline:
            return _inline_values(literals)
        if form.is_number:
            return [_decimal(each) if each and (each[0] == "0" or "." in each) else each for each in literals]
        if None in literals:
            return [None if each is None else self.texts[int(each)] for each in literals]
        return list(map(self.texts.__getitem__, map(int, literals)))  # type: ignore[arg-type]  # none of them is None

    def _first_missing(self, numbers: list[int], written: Sequence[tuple[CellForm, list[str | None]]]) -> int:
        return min(
            number
            for form, literals in written
            if form.kind == "s"
            for number, literal in zip(numbers, literals, strict=True)
            if literal and int(literal) >= len(self.texts)
        )


def _without_blank_rows(batch: RowBatch) -> RowBatch:
    numbers, columns = batch
    if any(map(all, columns)):
        return batch
    is_filled = [any(values) for values in zip(*columns, strict=True)] or [False] * len(numbers)
    return RowBatch(list(compress(numbers, is_filled)), [list(compress(column, is_filled)) for column in columns])


def _merged(left: list[str | None], right: list[str | None]) -> list[str | None]:
    """Join the values that two forms of a column have given: where the one has taken part, the other has not."""
    return [other if one is None else one for one, other in zip(left, right, strict=True)]


def _start_pattern(attributes: str) -> str:
    usual = re.escape(attributes) if re.fullmatch(_ATTRIBUTES, attributes) else ""
    return f"{_START}(?:{usual}>|{_ATTRIBUTES}>)"


def _column_pattern(letters: str, forms: Sequence[CellForm]) -> str:
    # An empty cell of any style is no cell at all. Each form is an alternative of its own, the address in it: a choice
    # inside an optional group takes the engine half as long again.
    start = rf'<c r="{letters}\1"'
    return f"(?:{''.join(f'{start}{_form_pattern(form)}</c>|' for form in forms)}{start}{_STYLE}(?: ?/>|></c>)|)"


def _form_pattern(form: CellForm) -> str:
    if form.is_inline:
        return _INLINE_VALUE
    if form.kind == "s":
        return _TEXT_VALUE
    style = f' s="{form.style}"' if form.style is not None else ""
    kind = f' t="{form.kind}"' if form.kind is not None else ""
    return style + kind + _NUMBER_VALUE


def _inline_values(literals: list[str | None]) -> list[str | None]:
    joined = "".join(filter(None, literals))
    if "&" in joined:
        literals = [each and unescape_xml(each) for each in literals]
    if "_x" in joined or "&" in joined:
        literals = [each and unescape_code_units(each) for each in literals]
    return literals


@lru_cache(maxsize=200_000)
def _decimal(literal: str) -> str:
    return number_text(float(literal))
