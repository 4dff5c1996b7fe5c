"""Cell addresses: `B7` is column 1 (counted from 0) of row 7 (counted as the spreadsheet shows it)."""

import re
from functools import lru_cache
from typing import Final

_RANGE: Final = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Za-z]{1,3})\$?([0-9]{1,7}))?")


@lru_cache(maxsize=20_000)
def column_index(letters: str) -> int:
    """Turn column letters into a number counted from 0: A is 0, Z is 25, AA is 26."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


@lru_cache(maxsize=20_000)
def column_letters(index: int) -> str:
    """Turn a column number counted from 0 into its letters."""
    letters = ""
    number = index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def range_corners(address: str) -> tuple[int, int, int, int] | None:
    """Split `A1:B3` into (first row, first column, last row, last column), columns from 0; None if it is no range."""
    match = _RANGE.fullmatch(address)
    if match is None:
        return None
    first_column, first_row, last_column, last_row = match.groups()
    left, top = column_index(first_column.upper()), int(first_row)
    if last_column is None:
        return top, left, top, left
    return top, left, int(last_row), column_index(last_column.upper())
