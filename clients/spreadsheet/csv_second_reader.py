"""A second, independent reading of a csv file, which the first one must agree with record by record.

The first reading is Python's csv module over decoded lines. This one decodes the bytes, ends the lines and takes the
fields apart by itself, so that a fault of either shows as a difference.
"""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from clients.spreadsheet.limits import MIB

_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)")


def read_records(
    path: Path, encoding: str, *, delimiter: str, skipped_lines: int, block_bytes: int = MIB
) -> Iterator[list[str] | None]:
    """Give the fields of each record; a blank line is a record without fields, None one that has no such fields.

    After a record that is None (text after a closing quote, or a quote that is never closed) nothing follows.
    """
    splitter = _Splitter(delimiter)
    for number, line in enumerate(_lines(path, encoding, block_bytes)):
        if number < skipped_lines:
            continue
        record = splitter.take(line)
        if record is not None:
            yield record
        if splitter.is_broken:
            break
    if splitter.is_inside:
        yield None


def _lines(path: Path, encoding: str, block_bytes: int) -> Iterator[str]:
    """Give the lines with their ends, of which there are three kinds; the last line may have none."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        rest = ""
        is_last = False
        while not is_last:
            block = file.read(block_bytes)
            is_last = not block
            text = rest + decoder.decode(block, is_last)
            # A carriage return at the end of what has been read may be the first half of a line end.
            held = "\r" if text.endswith("\r") and not is_last else ""
            text = text[: len(text) - len(held)]
            whole = text[: max(text.rfind("\r"), text.rfind("\n")) + 1]
            yield from _LINE.findall(whole)
            rest = text[len(whole) :] + held
        if rest:
            yield rest


class _Splitter:
    """Take lines and give records; a record ends with the first line end outside quotes."""

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        self._fields: list[str] = []
        self._quoted: list[str] | None = None
        self.is_broken = False

    @property
    def is_inside(self) -> bool:
        """Whether a record has begun and not ended."""
        return self._quoted is not None or self.is_broken

    def take(self, line: str) -> list[str] | None:
        """Give the record that ends with this line, if one does."""
        if self._quoted is None and '"' not in line:
            text = line.rstrip("\r\n")
            return text.split(self._delimiter) if text else []
        end = len(line.rstrip("\r\n"))
        place = 0 if self._quoted is None else self._go_on(line, 0)
        while self._quoted is None and not self.is_broken and place <= end:
            place = self._take_field(line, place, end)
        if self._quoted is not None or self.is_broken:
            return None
        record, self._fields = self._fields, []
        return record

    def _take_field(self, line: str, place: int, end: int) -> int:
        """Take the field that begins at `place`; return where the next one begins, past the end after the last."""
        if line.startswith('"', place):
            self._quoted = []
            return self._go_on(line, place + 1)
        stop = line.find(self._delimiter, place, end)
        stop = end if stop < 0 else stop
        self._fields.append(line[place:stop])
        return stop + 1

    def _go_on(self, line: str, place: int) -> int:
        """Go on inside quotes; return where the next field begins, if this one ends here."""
        assert self._quoted is not None
        while True:
            quote = line.find('"', place)
            if quote < 0:
                self._quoted.append(line[place:])
                return len(line)
            if not line.startswith('""', quote):
                break
            self._quoted.append(line[place : quote + 1])
            place = quote + 2
        self._fields.append("".join([*self._quoted, line[place:quote]]))
        self._quoted = None
        after = line[quote + 1 : quote + 2]
        self.is_broken = after not in {"", "\r", "\n", self._delimiter}
        return quote + 2
