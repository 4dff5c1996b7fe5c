"""The texts of a workbook, which its cells point to by number."""

import itertools
import re
from collections.abc import Iterable
from typing import Final
from xml.parsers import expat

from clients.spreadsheet.limits import MIB, ReadLimits, damaged, too_large
from clients.spreadsheet.package import Package, Part, decoded, is_plain_block, is_quiet, parse_blocks, prove_piece
from clients.spreadsheet.workbook import local_name

_ITEM_START: Final = "<si><t>"
_ITEM_END: Final = "</t></si>"
_LONGEST_ITEM_BYTES: Final = 64 * MIB
_ENTITY: Final = re.compile(r"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|([a-z]+));")
_ENTITIES: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_CODE_UNIT: Final = re.compile(r"_x([0-9a-fA-F]{4})_")


def read_shared_texts(package: Package, part: Part, limits: ReadLimits) -> list[str]:
    """Read all texts in order, as the spreadsheet shows them: rich text joined, phonetic hints left out."""
    return _read_plain(package, part, limits) if part.is_plain else _parse_texts(part, package.blocks(part), limits)


def unescape_xml(text: str) -> str:
    """Replace the entities of a text that the XML parser has accepted before, so that only the five known occur."""
    return _ENTITY.sub(_entity, text) if "&" in text else text


def unescape_code_units(text: str) -> str:
    """Replace `_x0041_` by A as spreadsheets do (ECMA-376 part 1, 22.9.2.19); halves of a pair are joined."""
    if "_x" not in text or _CODE_UNIT.search(text) is None:
        return text
    decoded = _CODE_UNIT.sub(lambda match: chr(int(match[1], 16)), text)
    return decoded.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


class TextCollector:
    """Collect the text of `si` and `is` elements from parser events: every `t` but those of phonetic hints."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._is_in_text = False
        self._has_text = False
        self._phonetic_depth = 0

    def start(self, tag: str) -> None:
        """Take the start of an element, by its local name."""
        if tag == "rPh":
            self._phonetic_depth += 1
        elif tag == "r":
            self._has_text = False
        elif tag == "t" and not self._phonetic_depth:
            # Readers differ on which of two they take, or join them: an id could become another one.
            if self._has_text:
                raise damaged("a text of it is there twice")
            self._is_in_text = self._has_text = True

    def characters(self, text: str) -> None:
        """Take a piece of text."""
        if self._is_in_text:
            self._pieces.append(text)

    def end(self, tag: str) -> None:
        """Take the end of an element, by its local name."""
        if tag == "rPh":
            self._phonetic_depth -= 1
        elif tag == "t":
            self._is_in_text = False

    def take(self) -> str:
        """Give the text collected since the last call."""
        text = "".join(self._pieces)
        self._pieces.clear()
        self._has_text = False
        return unescape_code_units(text)


def _read_plain(package: Package, part: Part, limits: ReadLimits) -> list[str]:
    """Split what almost every program writes; anything else in between goes to the parser piece by piece."""
    texts: list[str] = []
    start, rest = b"", b""
    character_count = 0
    blocks = package.blocks(part)
    for number, block in enumerate(blocks):
        content = rest + block
        if number and not part.is_proven and not is_plain_block(content):
            # All texts before are proven, and the parser takes it from here.
            texts.extend(_parse_texts(part, itertools.chain([start, content], blocks), limits, character_count))
            return texts
        content, mark, rest = content.rpartition(b"</si>")
        if mark and not start:
            start, content = _split_at(content, b"<si")
        found = _texts_of(part, decoded(part.name, content + mark))
        character_count += sum(map(len, found))
        if character_count > limits.characters or len(rest) > _LONGEST_ITEM_BYTES:
            raise too_large(f"its texts have more than {limits.characters:,} characters")
        texts.extend(found)
    if not start:
        start, rest = _split_at(rest, b"<si") if b"<si" in rest else _split_at(rest, b"</sst")
    items, end = _split_at(rest, b"</sst")
    texts.extend(_texts_of(part, decoded(part.name, items)))
    if not part.is_proven:
        _prove_frame(start + end)
    return texts


def _split_at(content: bytes, mark: bytes) -> tuple[bytes, bytes]:
    """Split before the first `mark`; without one everything stands before it."""
    before, found, after = content.partition(mark)
    return before, found + after


def _prove_frame(frame: bytes) -> None:
    try:
        expat.ParserCreate().Parse(frame, True)
    except expat.ExpatError as error:
        raise damaged("its table of texts is broken") from error


def _texts_of(part: Part, items: str) -> list[str]:
    found = _split_items(items)
    if found is None:
        return _parse_items(items)
    if not part.is_proven and not is_quiet(items):
        prove_piece(part.name, items)
    if "&" in items:
        found = [unescape_xml(text) for text in found]
    if "_x" in items:
        found = [unescape_code_units(text) for text in found]
    return found


def _split_items(items: str) -> list[str] | None:
    """Take items of a single plain text each apart; None if there is anything else among them."""
    if 'preserve"' in items:
        items = items.replace('<t xml:space="preserve">', "<t>")
    if not items:
        return []
    texts = items.removeprefix(_ITEM_START).removesuffix(_ITEM_END).split(_ITEM_END + _ITEM_START)
    is_whole = items.startswith(_ITEM_START) and items.endswith(_ITEM_END)
    # With no other tag than those between the texts, there is none inside of them.
    return texts if is_whole and items.count("<") == 4 * len(texts) else None


def _parse_items(items: str) -> list[str]:
    texts: list[str] = []
    parser = _item_parser(texts)
    try:
        # A prefix may stand in here without its declaration: this parser does not look at prefixes.
        parser.Parse(f"<items>{items}</items>", True)
    except expat.ExpatError as error:
        raise damaged("its table of texts is broken") from error
    return texts


def _parse_texts(part: Part, blocks: Iterable[bytes], limits: ReadLimits, character_count: int = 0) -> list[str]:
    texts: list[str] = []
    for _ in parse_blocks(part.name, _item_parser(texts), blocks):
        pass
    if character_count + sum(map(len, texts)) > limits.characters:
        raise too_large(f"its texts have more than {limits.characters:,} characters")
    return texts


def _item_parser(texts: list[str]) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    collector = TextCollector()

    def end(tag: str) -> None:
        name = local_name(tag)
        collector.end(name)
        if name == "si":
            texts.append(collector.take())

    parser.StartElementHandler = lambda tag, _attributes: collector.start(local_name(tag))
    parser.EndElementHandler = end
    parser.CharacterDataHandler = collector.characters
    return parser


def _entity(match: re.Match[str]) -> str:
    hexadecimal, decimal, name = match.groups()
    if name:
        return _ENTITIES[name]
    return chr(int(hexadecimal, 16) if hexadecimal else int(decimal))
