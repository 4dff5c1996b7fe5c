"""What a text may look like in a cell: nothing that a spreadsheet runs, and nothing that it cannot hold."""

import re
from typing import Final

from domain.recipients_file import INVISIBLE_CHARACTERS

# A cell that begins so is a formula to some spreadsheet (OWASP ASVS 1.2.10), the full-width forms to some Asian ones.
_FORMULA_STARTS: Final = tuple("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")
# Spreadsheets skip these before they look at the first character.
_SKIPPED: Final = " \u3000" + INVISIBLE_CHARACTERS

# Excel's limit of one cell, in UTF-16 code units.
MAX_CELL_UNITS: Final = 32_767
_CUT_MARK: Final = " [cut here: Excel holds no more in one cell; the .csv and .parquet exports hold all]"

# XML 1.0 has no place for these, and half a surrogate pair has no UTF-8.
_NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_IN_UTF8: Final = re.compile("[\ud800-\udfff]")
_REPLACEMENT: Final = "\ufffd"


def harmless(text: str) -> str:
    """Return the text with an apostrophe before it if a spreadsheet could take it for a formula."""
    return f"'{text}" if text.lstrip(_SKIPPED).startswith(_FORMULA_STARTS) else text


def storable(text: str) -> str:
    """Return the text with a replacement character for each half of a surrogate pair."""
    return text if text.isascii() else _NOT_IN_UTF8.sub(_REPLACEMENT, text)


def fit_for_excel(text: str) -> str:
    """Return the text as an Excel cell can hold it: no control characters, at most 32,767 UTF-16 code units."""
    text = _NOT_IN_XML.sub(_REPLACEMENT, text)
    if len(text) * 2 <= MAX_CELL_UNITS or _units(text) <= MAX_CELL_UNITS:
        return text
    kept_bytes = (MAX_CELL_UNITS - len(_CUT_MARK)) * 2
    return text.encode("utf-16-le")[:kept_bytes].decode("utf-16-le", "ignore") + _CUT_MARK


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
