"""Records kept in an unnamed file, so that hundreds of thousands of them cost no memory but for their places."""

import weakref
from array import array
from tempfile import SpooledTemporaryFile
from typing import Final

_IN_MEMORY_MOST_BYTES: Final = 16 * 1024 * 1024


class Shelf:
    """Puts records down, numbered from 1, and reads them again. The file is gone with the process."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY_MOST_BYTES)  # noqa: SIM115  lives as long as the shelf
        self._ends = array("Q", [0])
        weakref.finalize(self, self._file.close)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def put(self, record: bytes) -> int:
        """Put a record behind the others and return its number."""
        self._file.seek(self._ends[-1])
        self._file.write(record)
        self._ends.append(self._ends[-1] + len(record))
        return len(self)

    def read(self, number: int) -> bytes:
        """Return the record of this number."""
        first = self._ends[number - 1]
        self._file.seek(first)
        return self._file.read(self._ends[number] - first)
