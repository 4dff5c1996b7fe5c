"""Changing XML where a parser says so and nowhere else: every other byte passes as it came."""

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import Final
from xml.parsers import expat

# A tag from its < to its >, which may also stand inside the quotes of an attribute.
_TAG: Final = re.compile(rb"""</?[^\s/>"']+(?:\s+[^\s=/>]+\s*=\s*(?:"[^"]*"|'[^']*'))*\s*/?>""")
_DECLARATION: Final = re.compile(r"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9_.\-]+)["'][^>]*?\?>""")
_MARKS: Final = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"), (codecs.BOM_UTF8, "utf-8"))


class XmlEditor:
    """Pass XML in UTF-8 through a parser whose handlers ask for changes; give out the same bytes with the changes in.

    A subclass sets its handlers on `parser` and calls `replace` in the order of the text. What it may still change it
    keeps here: bytes leave only up to the place given to `release`, and at the end.
    """

    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self._buffer = b""
        self._base = 0
        self._released = 0
        self._edits: list[tuple[int, int, bytes]] = []

    @property
    def offset(self) -> int:
        """Where the tag begins, or after an empty element ends, that the parser is at; counted in bytes from 0."""
        return self.parser.CurrentByteIndex

    def tag_at(self, offset: int) -> bytes:
        """Return the tag that begins at `offset`, from < to >."""
        match = _TAG.match(self._buffer, offset - self._base)
        if match is None:
            raise ValueError("There is no tag at this place.")
        return match[0]

    def replace(self, start: int, end: int, content: bytes) -> None:
        """Put `content` in the place of the bytes from `start` up to `end`; both may be the same."""
        self._edits.append((start, end, content))

    def release(self, offset: int) -> None:
        """Say that nothing before `offset` will be changed any more."""
        self._released = offset

    def run(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Give out the edited text, block by block."""
        for block in blocks:
            self._buffer += block
            self.parser.Parse(block, False)
            yield self._take(self._released)
        self.parser.Parse(b"", True)
        yield self._take(self._base + len(self._buffer))

    def _take(self, end: int) -> bytes:
        pieces: list[bytes] = []
        place = self._base
        for start, stop, content in self._edits:
            pieces += (self._buffer[place - self._base : start - self._base], content)
            place = stop
        self._edits.clear()
        end = max(end, place)
        pieces.append(self._buffer[place - self._base : end - self._base])
        self._buffer = self._buffer[end - self._base :]
        self._base = end
        return b"".join(pieces)


def as_utf8(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Give an XML text in UTF-8, whatever its encoding was; one that is in UTF-8 passes as it is."""
    remaining = iter(blocks)
    first = next(remaining, b"")
    encoding = _encoding_of(first)
    if encoding in {"utf-8", "utf8"}:
        yield first
        yield from remaining
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    start = decoder.decode(first)
    declaration = _DECLARATION.match(start)
    if declaration:
        start = f"{start[: declaration.start(1)]}UTF-8{start[declaration.end(1) :]}"
    yield start.encode()
    for block in remaining:
        yield decoder.decode(block).encode()
    yield decoder.decode(b"", True).encode()


def _encoding_of(start: bytes) -> str:
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    if b"\x00" in start[:4]:
        return "utf-16-le" if start[1:2] == b"\x00" else "utf-16-be"
    declaration = _DECLARATION.match(start[:256].decode("latin-1"))
    return declaration[1].lower() if declaration else "utf-8"


def with_attribute(tag: bytes, name: str, value: str, *, after: str = "") -> bytes:
    """Return a start tag with one attribute set, in its place if it is there, else after `after`, else first."""
    quoted = f'{name}="{value}"'.encode()
    found = re.search(rb"(?<=\s)" + name.encode() + rb"""\s*=\s*(?:"[^"]*"|'[^']*')""", tag)
    if found:
        return tag[: found.start()] + quoted + tag[found.end() :]
    before = re.search(rb"\s" + after.encode() + rb"""\s*=\s*(?:"[^"]*"|'[^']*')""", tag) if after else None
    place = before.end() if before else len(re.match(rb"<[^\s/>]+", tag)[0])  # type: ignore[index]  # it is a tag
    return tag[:place] + b" " + quoted + tag[place:]
