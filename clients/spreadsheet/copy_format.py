r"""The text format of COPY for one value and for one array, as the statement that stages the rows takes them.

The literal of a text[] is escaped twice: for the array (backslash before quote and backslash) and for COPY (backslash
before backslash, and `\n`, `\r`, `\t` for line ends and tabs). Sources: the Postgres manual, 8.15.6 and the page of
COPY, "Text Format".
"""

import re
from typing import Final

NULL: Final = "\\N"
_COPY_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_ELEMENT_ESCAPES: Final = str.maketrans({"\\": "\\" * 4, '"': '\\\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})
ELEMENT: Final = re.compile(r'NULL|"(?:[^"\\]|\\{4}|\\{2}"|\\[nrt])*"')


def copy_text(value: str | None) -> str:
    """Write one value in the text format of COPY."""
    return NULL if value is None else value.translate(_COPY_ESCAPES)


def copy_array(values: list[str | None]) -> str:
    """Write a text[] in the text format of COPY; None is a NULL element."""
    elements = ("NULL" if value is None else f'"{value.translate(_ELEMENT_ESCAPES)}"' for value in values)
    return f"{{{','.join(elements)}}}"
