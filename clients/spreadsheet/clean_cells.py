"""What becomes of the text of one cell: nobody's blanks and invisible characters go, and what is wrong is found."""

import re
from dataclasses import dataclass
from typing import Final

from clients.spreadsheet.sheet_rows import CellFinding
from domain.problem import Finding
from domain.recipients_file import INVISIBLE_CHARACTERS

LONGEST_CELL: Final = 32_767
_LONGEST_SHOWN: Final = 100

# Whatever is not written as it stands: escapes, control characters, blanks other than the space, invisible ones.
UNUSUAL: Final = re.compile(
    '[\x00-\x09\x0b-\x1f"\\\\\x7f-\xa0\xad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ud800-\udfff\ufeff]'
)
_UNSENDABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_INVISIBLE: Final = re.compile(f"[{INVISIBLE_CHARACTERS}]")
# Joiners are part of emoji and of Persian and Indic writing: in texts they are nothing to warn of.
WARNED_OF: Final = re.compile(f"(?![\u200c\u200d])[{INVISIBLE_CHARACTERS}]")
_LINE_END: Final = re.compile("\r\n?")
ID_WITH_EXPONENT: Final = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE]\+?[0-9]+")


@dataclass(frozen=True)
class CleanCell:
    """The text of a cell without what nobody sees, None if that leaves nothing; and what is wrong with it."""

    text: str | None
    finding: CellFinding | None = None


def clean_id(shown: str) -> str:
    """Take the invisible characters out of an id, wherever they stand, and the blanks around it."""
    return _INVISIBLE.sub("", shown).strip()


def clean_cell(shown: str | None, found: CellFinding | None, *, is_id: bool) -> CleanCell:
    """Return a cell as it is staged; `found` is what reading has found wrong with it, which comes first."""
    found = found or (_finding_of(shown, is_id=is_id) if shown else None)
    if found and is_id and found.finding is Finding.VALUE_STORED_AS_LONG_NUMBER:
        found = CellFinding(Finding.ID_STORED_AS_NUMBER, found.facts)
    if shown is None:
        return CleanCell(None, found)
    text = clean_id(shown) if is_id else _LINE_END.sub("\n", shown).strip()
    return CleanCell(text if text and _INVISIBLE.sub("", text).strip() else None, found)


def header_text(value: str | None) -> str:
    """Return a cell of the header as it is compared: without what Postgres cannot hold and without its edges."""
    text = _UNSENDABLE.sub("", _LINE_END.sub("\n", value or ""))
    return text.strip(f"{INVISIBLE_CHARACTERS} \t\n")[:LONGEST_CELL]


def typed_id(shown: str | None) -> str | None:
    """Keep the id as it is shown, as far as Postgres can hold it and a person would read it."""
    if shown is None or not clean_id(shown):
        return None
    text = _UNSENDABLE.sub("", shown)
    return (f"{text[:_LONGEST_SHOWN]}…" if len(text) > LONGEST_CELL else text) or None


def _finding_of(shown: str, *, is_id: bool) -> CellFinding | None:
    unsendable = _UNSENDABLE.search(_LINE_END.sub("\n", shown))
    if unsendable:
        return CellFinding(Finding.CELL_CONTROL_CHARACTER, {"found": f"U+{ord(unsendable[0]):04X}"})
    if len(shown) > LONGEST_CELL:
        return CellFinding(Finding.CELL_TOO_LONG, {"length": len(shown)})
    if is_id and ID_WITH_EXPONENT.fullmatch(clean_id(shown)):
        return CellFinding(Finding.ID_STORED_AS_NUMBER, {"found": clean_id(shown)[:_LONGEST_SHOWN]})
    return None
