"""Whether a file holds an id anywhere: in its bytes, and in a workbook in those of every part."""

import zipfile
from pathlib import Path
from typing import IO, Final

_BLOCK_BYTES: Final = 1 << 20


def holds_digits(path: Path, digits: str) -> bool:
    """Say whether these digits stand in a file: as they are, as UTF-16, or in any part of a zip (.xlsx, .ods).

    Digits that are part of a longer number count too: a file too many is better than a person too many.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return any(_is_in(archive, name, digits) for name in archive.namelist())
    with path.open("rb") as file:
        return _stands_in(file, digits)


def _is_in(archive: zipfile.ZipFile, name: str, digits: str) -> bool:
    with archive.open(name) as part:
        return _stands_in(part, digits)


def _stands_in(file: IO[bytes], digits: str) -> bool:
    words = (digits.encode(), digits.encode("utf-16-le"), digits.encode("utf-16-be"))
    overlap = max(map(len, words))
    before = b""
    while block := file.read(_BLOCK_BYTES):
        if any(word in before + block for word in words):
            return True
        before = block[-overlap:]
    return False
