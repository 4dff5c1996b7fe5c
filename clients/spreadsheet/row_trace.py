"""What the first reader found, told to the second one while both are at work: a file of records that grows.

A record is a line of JSON and behind it as many bytes of text as the line says. The text holds one line for each
column, its cells joined by quotes; rows whose texts hold quotes or line ends are not told in this way but by their
id alone.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

TRACE_FILE: Final = "trace"
SEPARATOR: Final = '"'
_PAUSE_SECONDS: Final = 0.005
_MOST_PENDING: Final = 5_000


@dataclass(frozen=True)
class CarefulRow:
    """A row of which only the id is compared (None: not even that). One with a finding may look empty to others."""

    number: int
    user_id: str | None
    has_finding: bool


@dataclass(frozen=True)
class TracedRows:
    """Some rows in the order of their numbers: those told in full, and those told by their id.

    `columns` are where the values stand in the sheet, from 0, the id first; `ignored` are those not to be looked at.
    `joined` are the texts of the rows `numbers`, one for each of `columns`, joined by SEPARATOR.
    """

    columns: tuple[int, ...]
    ignored: frozenset[int]
    numbers: Sequence[int]
    joined: tuple[str, ...]
    careful: tuple[CarefulRow, ...] = ()


@dataclass
class TraceWriter:
    """Write a trace: the sheet's name, its rows from top to bottom, and the end."""

    file: IO[bytes]
    _columns: tuple[int, ...] = (0,)
    _ignored: tuple[int, ...] = ()
    _numbers: list[int] = field(default_factory=list)
    _cells: list[list[str]] = field(default_factory=list)
    _careful: list[CarefulRow] = field(default_factory=list)

    def begin(self, sheet: str) -> None:
        """Tell which sheet is read."""
        self._write({"sheet": sheet})

    def read_columns(self, columns: Sequence[int], *, ignored: Sequence[int]) -> None:
        """Say which columns are read from here on, the id first, and which ones are not to be looked at."""
        self.flush()
        self._columns, self._ignored = tuple(columns), tuple(ignored)

    def add(self, numbers: Sequence[int], columns: Sequence[Sequence[str]]) -> None:
        """Note rows in full: their texts column by column, empty where there is none."""
        self._numbers.extend(numbers)
        if not self._cells:
            self._cells = [[] for _ in columns]
        for cells, added in zip(self._cells, columns, strict=True):
            cells.extend(added)

    def add_careful(self, row: CarefulRow) -> None:
        """Note one row by its id."""
        self._careful.append(row)

    def write_batch(self, numbers: Sequence[int], joined: Sequence[str]) -> None:
        """Write many rows told in full, column by column, and those noted by their id since the last record."""
        assert not self._numbers, "what was noted before the batch is written before it"
        self._write_rows(numbers, joined)

    def flush_if_long(self) -> None:
        """Write what has been noted if it is worth a record. To be called between two rows only."""
        if len(self._numbers) + len(self._careful) >= _MOST_PENDING:
            self.flush()

    def flush(self) -> None:
        """Write what has been noted."""
        if self._numbers or self._careful:
            self._write_rows(self._numbers, list(map(SEPARATOR.join, self._cells)))
            self._numbers, self._cells = [], []

    def end(self) -> None:
        """Write the last record: without it a trace is none."""
        self.flush()
        self._write({"end": True})

    def _write_rows(self, numbers: Sequence[int], joined: Sequence[str]) -> None:
        careful = [(row.number, row.user_id, row.has_finding) for row in self._careful]
        where = {"columns": self._columns, "ignored": self._ignored}
        self._write({**where, "numbers": _shortened(numbers), "careful": careful}, "\n".join(joined).encode())
        self._careful = []

    def _write(self, record: Mapping[str, object], text: bytes = b"") -> None:
        line = json.dumps({**record, "bytes": len(text)}).encode()
        self.file.write(line + b"\n" + text)
        self.file.flush()


def read_trace(path: Path) -> tuple[str, Iterator[TracedRows]]:
    """Read a trace: the sheet, and the rows as they come.

    What is not yet written is waited for: whoever has started both readers ends this one when the other one dies.
    """
    records = _records(path)
    return next(records)[0]["sheet"], (_traced_rows(*each) for each in records)


def _traced_rows(record: Mapping[str, Any], text: str) -> TracedRows:
    numbers = _widened(record["numbers"])
    return TracedRows(
        columns=tuple(record["columns"]),
        ignored=frozenset(record["ignored"]),
        numbers=numbers,
        joined=tuple(text.split("\n")) if numbers else (),
        careful=tuple(CarefulRow(*each) for each in record["careful"]),
    )


def _records(path: Path) -> Iterator[tuple[dict[str, Any], str]]:
    with path.open("rb") as file:
        while True:
            line = _read_line(file)
            record = json.loads(line)
            if "end" in record:
                return
            yield record, _read_exactly(file, record["bytes"]).decode()


def _read_line(file: IO[bytes]) -> bytes:
    line = file.readline()
    while not line.endswith(b"\n"):
        time.sleep(_PAUSE_SECONDS)
        line += file.readline()
    return line


def _read_exactly(file: IO[bytes], byte_count: int) -> bytes:
    read = file.read(byte_count)
    while len(read) < byte_count:
        time.sleep(_PAUSE_SECONDS)
        read += file.read(byte_count - len(read))
    return read


def _shortened(numbers: Sequence[int]) -> Sequence[int] | dict[str, int]:
    """Write rows that follow each other without a gap, as almost all do, as two numbers."""
    if numbers and numbers[-1] - numbers[0] + 1 == len(numbers):
        return {"first": numbers[0], "last": numbers[-1]}
    return numbers


def _widened(numbers: Any) -> Sequence[int]:
    return range(numbers["first"], numbers["last"] + 1) if isinstance(numbers, dict) else numbers
