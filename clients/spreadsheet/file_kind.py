"""What the bytes of a file are, whatever its name says, in words that a marketer knows."""

from enum import StrEnum
from pathlib import Path
from typing import Final

from clients.spreadsheet.limits import UnreadableError, refused
from domain.problem import Finding

ZIP_START: Final = b"PK\x03\x04"
_OLD_OFFICE_START: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEAD_BYTES: Final = 4096
_BLOCK_BYTES: Final = 1024 * 1024

_PICTURE: Final = "a picture"
_ARCHIVE: Final = "a compressed archive"
_STARTS: Final = (
    (b"\x89PNG", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"GIF8", _PICTURE),
    (b"II*\x00", _PICTURE),
    (b"MM\x00*", _PICTURE),
    (b"%PDF", "a PDF document"),
    (b"{\\rtf", "a text document (.rtf)"),
    (b"\x1f\x8b", _ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (b"Rar!", _ARCHIVE),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3\x00", "a database file"),
)
_WEB_PAGE_STARTS: Final = (b"<!doctype html", b"<html", b"<head", b"<body", b"<table", b"<script", b"<div", b"<meta")
_TEXT_MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_TEXT_EXTENSIONS: Final = frozenset({".csv", ".tsv", ".txt", ""})
_WORKBOOK_EXTENSIONS: Final = frozenset({".xlsx", ""})
# Kinds whose honest name says so: there it is not the name that is wrong.
_OWN_EXTENSIONS: Final = {
    _PICTURE: (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".heic"),
    _ARCHIVE: (".gz", ".7z", ".rar", ".zip"),
    "a PDF document": (".pdf",),
    "a text document (.rtf)": (".rtf",),
    "a Parquet file": (".parquet",),
    "a database file": (".db", ".sqlite", ".sqlite3"),
    "a web page": (".html", ".htm"),
    "an XML file": (".xml",),
}


class FileKind(StrEnum):
    """The kinds of file that may be read further."""

    ZIP = "zip"
    TEXT = "text"


def tell_kind(path: Path, *, extension: str) -> FileKind:
    """Tell from its bytes whether a file is a zip or text; `extension` is its name's ending, lower case, with the dot.

    Raises UnreadableError for an empty file, for every other kind, and for a kind that its name belies.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise refused(Finding.EMPTY_FILE)
    if head.startswith(_OLD_OFFICE_START):
        raise _old_office(path)
    if head.startswith(ZIP_START):
        return FileKind.ZIP
    actual = _name_of(head)
    if actual is not None:
        raise wrong_kind(actual, extension)
    if extension not in _TEXT_EXTENSIONS:
        raise wrong_kind("a text file", extension)
    return FileKind.TEXT


def check_workbook_name(extension: str) -> None:
    """Refuse a workbook whose name ends neither in .xlsx nor in nothing."""
    if extension not in _WORKBOOK_EXTENSIONS:
        raise wrong_kind("an Excel workbook (.xlsx)", extension)


def wrong_kind(actual: str, extension: str) -> UnreadableError:
    """Make the refusal of a file that is `actual`, with or without a name that says so."""
    if not extension or extension in _OWN_EXTENSIONS.get(actual, ()):
        return refused(Finding.UNSUPPORTED_FORMAT, actual=actual)
    return refused(Finding.NOT_A_SPREADSHEET, actual=actual, extension=extension)


def _name_of(head: bytes) -> str | None:
    for start, name in _STARTS:
        if head.startswith(start):
            return name
    if head[4:8] == b"ftyp" or (head.startswith(b"RIFF") and head[8:12] == b"WEBP") or _is_bitmap(head):
        return _PICTURE
    if head.startswith(_TEXT_MARKS):
        return None
    if b"\x00" in head:
        return "neither a workbook nor text"
    return _name_of_markup(head)


def _name_of_markup(head: bytes) -> str | None:
    text = head.lstrip().lower()
    if text.startswith(_WEB_PAGE_STARTS):
        return "a web page"
    if not text.startswith(b"<?xml"):
        return None
    if b"urn:schemas-microsoft-com:office:spreadsheet" in text:
        return "an XML spreadsheet of Excel 2003"
    return "a web page" if b"<html" in text else "an XML file"


def _is_bitmap(head: bytes) -> bool:
    # "BM" alone could begin a text; a bitmap has four zero bytes after its size.
    return head.startswith(b"BM") and head[6:10] == bytes(4)


def _old_office(path: Path) -> UnreadableError:
    """Tell the three kinds of old Office containers apart by the names of the streams inside."""
    found = _streams_in(path)
    if "EncryptedPackage" in found:
        return refused(Finding.ENCRYPTED)
    if "Workbook" in found or "Book" in found:
        return refused(Finding.UNSUPPORTED_FORMAT, actual="an old Excel workbook (.xls)")
    return refused(Finding.UNSUPPORTED_FORMAT, actual="an old Office document")


def _streams_in(path: Path) -> set[str]:
    names = {name: name.encode("utf-16-le") for name in ("EncryptedPackage", "Workbook", "Book")}
    found: set[str] = set()
    tail = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            found |= {name for name, wanted in names.items() if wanted in tail + block}
            tail = block[-64:]
    return found
