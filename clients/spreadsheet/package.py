"""The zip that a workbook is: checked in full before anything in it is believed, then opened part by part."""

import itertools
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn
from xml.parsers import expat

from clients.spreadsheet.file_kind import check_workbook_name, wrong_kind
from clients.spreadsheet.limits import MIB, ReadLimits, UnreadableError, damaged, refused, too_large
from clients.spreadsheet.printable import is_printable
from domain.problem import Finding

BLOCK_BYTES: Final = MIB
# Below this size nothing is a bomb, and short formatted sheets may well pack 300 times smaller.
_RATIO_MATTERS_FROM: Final = 16 * MIB
# Every part but sheets and texts is a description, read into memory as one piece.
_SMALL_PART_BYTES: Final = 32 * MIB
_ENCRYPTED_FLAG: Final = 0x1
_END_RECORD: Final = struct.Struct("<4s4H2LH")
_UTF8_DECLARATION: Final = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml [^>]*?encoding=[\"']([A-Za-z0-9_.-]+)[\"'][^>]*\?>")
_DECLARATION_STARTS: Final = (b"<?xml ", b"\xef\xbb\xbf<?xml ")
# Comments, CDATA, document types, processing instructions, and carriage returns.
_MARKS_OF_MORE: Final = (b"<!", b"<?", b"\r")
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


@dataclass(frozen=True)
class Part:
    """One XML part. `is_plain`: UTF-8, without comments, CDATA or carriage returns.

    It was found well-formed, or `is_proven` is false: then only its beginning was unpacked, and found plain. Its reader
    proves the rest, and gives it to a parser from the first block that is not plain (`is_plain_block`).
    """

    name: str
    byte_count: int
    is_plain: bool
    is_proven: bool = True


class Package:
    """A checked workbook file: its parts by name, to be read one after another."""

    def __init__(self, archive: zipfile.ZipFile, parts: dict[str, Part]) -> None:
        self._archive = archive
        self._by_folded_name = {name.casefold(): part for name, part in parts.items()}

    def part(self, name: str) -> Part | None:
        """Find a part by its name, whatever the case of its letters."""
        return self._by_folded_name.get(name.lstrip("/").casefold())

    def prove_all_but(self, read: set[str]) -> None:
        """Check the parts that are neither proven nor among those `read`; raise UnreadableError for a broken one."""
        for part in self._by_folded_name.values():
            if not part.is_proven and part.name not in read:
                checker = _XmlChecker(part.name)
                for block in self.blocks(part):
                    checker.feed(block)
                checker.finish()

    def blocks(self, part: Part) -> Iterator[bytes]:
        """Give the bytes of a part, unpacked, about a megabyte at a time; raise UnreadableError if that fails."""
        try:
            yield from _unpacked(self._archive, self._archive.getinfo(part.name), part.byte_count)
        except _BROKEN as error:
            raise _not_unpacked(part.name) from error

    def read_small(self, part: Part) -> bytes:
        """Give a whole descriptive part; raise UnreadableError if it is larger than any honest one."""
        if part.byte_count > _SMALL_PART_BYTES:
            raise too_large(f"its part {part.name} alone has more than 32 MB")
        return b"".join(self.blocks(part))


def open_package(path: Path, *, extension: str, limits: ReadLimits) -> Package:
    """Check the zip at `path` and open it; raise UnreadableError if it is no workbook, or damaged, or a bomb."""
    archive = open_archive(path, extension=extension, limits=limits)
    return Package(archive, _check_contents(archive, archive.infolist(), limits))


def open_archive(path: Path, *, extension: str, limits: ReadLimits) -> zipfile.ZipFile:
    """Open the zip at `path` after the checks that unpack nothing; raise UnreadableError as `open_package` does."""
    try:
        archive = zipfile.ZipFile(path)
    except _BROKEN as error:
        raise damaged("its end is missing or broken") from error
    members = archive.infolist()
    _check_frame(path, members)
    _check_names(members, limits)
    _check_kind({member.filename for member in members}, extension)
    _check_declared_sizes(members, limits)
    return archive


def _check_frame(path: Path, members: list[zipfile.ZipInfo]) -> None:
    """Nothing may stand before the first member or after the end: readers differ on which of two zips they see."""
    with path.open("rb") as file:
        file.seek(0, 2)
        size = file.tell()
        tail_start = max(0, size - 65_557)
        file.seek(tail_start)
        tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) - end < _END_RECORD.size:
        raise damaged("its end is missing or broken")
    comment_bytes = _END_RECORD.unpack_from(tail, end)[7]
    if len(tail) - end != _END_RECORD.size + comment_bytes:
        raise damaged("other bytes follow the end of the workbook")
    if members and min(member.header_offset for member in members) != 0:
        raise damaged("other bytes stand before the beginning of the workbook")


def _check_names(members: list[zipfile.ZipInfo], limits: ReadLimits) -> None:
    if len(members) > limits.members:
        raise too_large(f"it has more than {limits.members:,} parts")
    seen: set[str] = set()
    for member in members:
        name = member.orig_filename.replace("\\", "/")
        folded = name.casefold()
        if member.flag_bits & _ENCRYPTED_FLAG:
            raise refused(Finding.ENCRYPTED)
        if "\x00" in name or name.startswith("/") or ".." in name.split("/") or ":" in name:
            raise damaged("a part of it has a forbidden name")
        if folded in seen:
            raise damaged("a part of it is there twice")
        if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise damaged("a part of it is packed in a way no spreadsheet uses")
        seen.add(folded)


def _check_kind(names: set[str], extension: str) -> None:
    """Tell a workbook with nothing that runs from everything else that comes as a zip."""
    folded = {name.casefold() for name in names}
    if "xl/workbook.bin" in folded:
        raise refused(Finding.UNSUPPORTED_FORMAT, actual="a binary Excel workbook (.xlsb)")
    if any(name.endswith("vbaproject.bin") or "/macrosheets/" in name for name in folded):
        raise refused(Finding.MACROS)
    if "[content_types].xml" in folded and any(name.startswith("xl/") for name in folded):
        check_workbook_name(extension)
        return
    _refuse_other_zip(folded, extension)


def _refuse_other_zip(folded: set[str], extension: str) -> NoReturn:
    if "index/document.iwa" in folded or "index.zip" in folded:
        raise refused(Finding.UNSUPPORTED_FORMAT, actual="an Apple Numbers document (.numbers)")
    if "content.xml" in folded and "mimetype" in folded:
        raise refused(Finding.UNSUPPORTED_FORMAT, actual="an OpenDocument file (.ods)")
    if any(name.startswith("word/") for name in folded):
        raise wrong_kind("a Word document", extension)
    if any(name.startswith("ppt/") for name in folded):
        raise wrong_kind("a PowerPoint presentation", extension)
    if "[content_types].xml" in folded:
        raise damaged("the workbook in it is missing")
    raise wrong_kind("a compressed archive", extension)


def _check_declared_sizes(members: list[zipfile.ZipInfo], limits: ReadLimits) -> None:
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if unpacked > limits.unpacked_bytes:
        raise too_large(f"it unpacks to more than {limits.unpacked_bytes / MIB:,.0f} MB")
    if unpacked > _RATIO_MATTERS_FROM and unpacked > packed * limits.unpack_ratio:
        raise too_large(f"it unpacks to more than {limits.unpack_ratio} times its size")


def _check_contents(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], limits: ReadLimits) -> dict[str, Part]:
    """Unpack all but large parts: sizes and checksums must hold, and XML be well-formed and without document type."""
    parts: dict[str, Part] = {}
    left = limits.unpacked_bytes
    for member in members:
        if member.is_dir():
            continue
        try:
            part = _check_member(archive, member, left, large_part_bytes=limits.large_part_bytes)
        except UnreadableError:
            raise
        except _BROKEN as error:
            raise _not_unpacked(member.filename) from error
        left -= part.byte_count
        parts[member.filename] = part
    return parts


def _check_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: int, *, large_part_bytes: int) -> Part:
    is_xml = member.filename.casefold().endswith((".xml", ".rels"))
    is_large = _holds_rows(member.filename) and member.file_size >= large_part_bytes
    if is_xml and is_large and _begins_plainly(next(_unpacked(archive, member, left), b"")):
        return Part(member.filename, member.file_size, is_plain=True, is_proven=False)
    checker = _XmlChecker(member.filename) if is_xml else None
    for block in _unpacked(archive, member, left):
        if checker:
            checker.feed(block)
    return Part(member.filename, member.file_size, is_plain=checker.finish() if checker else False)


def _holds_rows(name: str) -> bool:
    folded = name.casefold()
    return "worksheets/" in folded or "sharedstrings" in folded


def _begins_plainly(block: bytes) -> bool:
    """Tell by its first block whether a part may be read, and proven, by the quick way."""
    text = _after_declaration(block)
    text = text.partition(b"?>")[2] if text.startswith(_DECLARATION_STARTS) else text
    return _is_utf8(block) and is_plain_block(text)


def is_plain_block(block: bytes) -> bool:
    """Tell whether a block holds no comment, CDATA, document type, processing instruction or carriage return."""
    # One byte is found several times faster than two.
    return not any(mark[-1:] in block and mark in block for mark in _MARKS_OF_MORE)


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, left: int) -> Iterator[bytes]:
    """Give the bytes of a member; raise UnreadableError as soon as they are more, or in the end less, than it says."""
    byte_count = 0
    with archive.open(member) as file:
        while block := file.read(BLOCK_BYTES):
            byte_count += len(block)
            if byte_count > min(left, member.file_size):
                raise damaged(f"its part {_shown(member.filename)} is larger than it says")
            yield block
    if byte_count != member.file_size:
        raise damaged(f"its part {_shown(member.filename)} is shorter than it says")


def _not_unpacked(name: str) -> UnreadableError:
    return damaged(f"its part {_shown(name)} cannot be unpacked")


class _XmlChecker:
    """Check one part as its bytes pass by, and notice whether it may be read by the quick way."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = _refuse_document_type
        self._parser.CommentHandler = self._notice
        self._parser.StartCdataSectionHandler = self._notice
        self._parser.ProcessingInstructionHandler = self._notice
        self._is_plain = True
        self._is_first = True

    def feed(self, block: bytes) -> None:
        """Check the next bytes."""
        try:
            self._parser.Parse(block, False)
        except (expat.ExpatError, LookupError) as error:
            raise damaged(f"its part {_shown(self._name)} is broken") from error
        if self._is_first:
            self._is_first = False
            self._is_plain = self._is_plain and _is_utf8(block)
            block = _after_declaration(block)
        self._is_plain = self._is_plain and b"\r" not in block

    def finish(self) -> bool:
        """Check that the part is complete; tell whether it is plain."""
        try:
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise damaged(f"its part {_shown(self._name)} is broken") from error
        return self._is_plain

    def _notice(self, *_event: object) -> None:
        self._is_plain = False


def _after_declaration(block: bytes) -> bytes:
    # Excel ends its declaration line with a carriage return, where it means nothing.
    _head, mark, rest = block[:256].partition(b"?>\r\n")
    return rest + block[256:] if mark else block


def _is_utf8(block: bytes) -> bool:
    match = _UTF8_DECLARATION.match(block)
    if match:
        return match[1].lower() in {b"utf-8", b"utf8"}
    return not block.startswith((b"\xff\xfe", b"\xfe\xff")) and b"\x00" not in block[:4]


def parse_blocks(name: str, parser: expat.XMLParserType, blocks: Iterable[bytes]) -> Iterator[None]:
    """Give the blocks of a part to a parser, one for each step; raise UnreadableError if they are not well-formed."""
    parser.StartDoctypeDeclHandler = _refuse_document_type
    for block in itertools.chain(blocks, [b""]):
        try:
            parser.Parse(block, not block)
        except (expat.ExpatError, LookupError) as error:
            raise damaged(f"its part {_shown(name)} is broken") from error
        yield


def prove_piece(name: str, piece: str) -> None:
    """Check that a piece of a part, put between two tags, is well-formed; raise UnreadableError if it is not.

    A text without entities and control characters, taken apart by a pattern without a gap, needs no such proof.
    """
    try:
        expat.ParserCreate("utf-8").Parse(f"<piece>{piece}</piece>".encode(), True)
    except (expat.ExpatError, UnicodeError) as error:
        raise damaged(f"its part {_shown(name)} is broken") from error


def decoded(name: str, block: bytes) -> str:
    """Decode the bytes of a part; raise UnreadableError if they are no UTF-8."""
    try:
        return block.decode("utf-8")
    except UnicodeDecodeError as error:
        raise damaged(f"its part {_shown(name)} is broken") from error


def is_quiet(piece: str) -> bool:
    """Tell whether a piece has no entities and no characters that XML forbids, or its texts may not hold."""
    return "&" not in piece and "]]>" not in piece and is_printable(piece)


def _refuse_document_type(*_names: object) -> NoReturn:
    raise damaged("it contains a document type, which no spreadsheet does")


def _shown(name: str) -> str:
    return "".join(character for character in name if character.isprintable())[:80]
