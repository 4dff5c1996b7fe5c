"""The styles of a workbook, with the few that marked cells and our own columns need added at their end."""

import re
from typing import Final
from xml.parsers import expat

from reports.xml_editor import XmlEditor, with_attribute

# A red on which black and white texts can be read: headers are often white. No palette offers just this one, so it
# tells our marks in a workbook that comes back.
MARK_COLOUR: Final = "FFE67C73"
_TEXT_FORMAT: Final = "49"  # the built-in number format of texts
_SECTION_DEPTH: Final = 2
# What follows the cell formats, and the fills, in a part (ECMA-376 part 1, 18.8.39).
_AFTER_CELL_FORMATS: Final = ("cellStyles", "dxfs", "tableStyles", "colors", "extLst")
_AFTER_FILLS: Final = ("borders", "cellStyleXfs", "cellXfs", *_AFTER_CELL_FORMATS)


class StyleBook:
    """Take the styles part of a workbook (UTF-8), number new cell styles, then give out the part with them in it."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        found = _Sections(content)
        self._prefix = found.prefix
        self._formats = found.formats or [f'<{found.prefix}xf numFmtId="0"/>'.encode()]
        self._given_fills = found.fill_count
        self._fill_number = max(found.fill_count, 2)
        self._added: list[bytes] = []
        self._marked: dict[int, int] = {}
        self._cleared: dict[int, int] = {}
        self._marked_before = found.marked_formats
        self.text = self._add(self._as_text(0))
        self.marked_text = self.marked(self.text)

    def marked(self, style: int) -> int:
        """Return the style that is `style` with our fill: its number format, font, borders and the rest stay."""
        if style not in self._marked:
            self._marked[style] = self._add(self._filled(style))
        return self._marked[style]

    @property
    def has_marks(self) -> bool:
        """Tell whether the workbook came back with marks of ours in it."""
        return bool(self._marked_before)

    def cleared(self, style: int) -> int:
        """Return the style that is `style` without a fill if its fill is a mark of ours from before, else itself."""
        if style not in self._marked_before:
            return style
        if style not in self._cleared:
            self._cleared[style] = self._add(_changed(self._format(style), fillId="0"))
        return self._cleared[style]

    def quoted(self, style: int) -> int:
        """Return a new style that is `style` with the mark of Excel for "this is a text, whatever it begins with"."""
        return self._add(_changed(self._format(style), quotePrefix="1"))

    def part(self) -> bytes:
        """Return the part with the styles that were asked for."""
        editor = _StyleEditor(self)
        return b"".join(editor.run([self._content]))

    @property
    def fill_count(self) -> int:
        """How many fills there are with ours, which is the last one."""
        return self._fill_number + 1

    @property
    def added_fills(self) -> bytes:
        """Our fill; before it, where they are missing, the first two, which are Excel's own, always."""
        reserved = '<fill><patternFill patternType="none"/></fill>', '<fill><patternFill patternType="gray125"/></fill>'
        ours = (
            f'<fill><patternFill patternType="solid"><fgColor rgb="{MARK_COLOUR}"/><bgColor indexed="64"/>'
            "</patternFill></fill>"
        )
        return self._element("".join(reserved[self._given_fills :]) + ours)

    @property
    def fills(self) -> bytes:
        """The section of fills for a part that has none."""
        return self._section("fills", self.fill_count, self.added_fills)

    @property
    def format_count(self) -> int:
        """How many cell formats there are, ours counted."""
        return len(self._formats) + len(self._added)

    @property
    def added_formats(self) -> bytes:
        """The new cell formats, one after the other."""
        return b"".join(self._added)

    @property
    def cell_formats(self) -> bytes:
        """The section of cell formats for a part that has none."""
        return self._section("cellXfs", self.format_count, b"".join(self._formats) + self.added_formats)

    def _section(self, name: str, count: int, content: bytes) -> bytes:
        tag = f"{self._prefix}{name}"
        return f'<{tag} count="{count}">'.encode() + content + f"</{tag}>".encode()

    def _element(self, text: str) -> bytes:
        return re.sub(r"<(/?)", rf"<\1{self._prefix}", text).encode()

    def _add(self, cell_format: bytes) -> int:
        self._added.append(cell_format)
        return self.format_count - 1

    def _format(self, style: int) -> bytes:
        every = self._formats + self._added
        return every[style] if style < len(every) else every[0]

    def _as_text(self, style: int) -> bytes:
        return _changed(self._format(style), numFmtId=_TEXT_FORMAT, applyNumberFormat="1")

    def _filled(self, style: int) -> bytes:
        return _changed(self._format(style), fillId=str(self._fill_number), applyFill="1")


def _changed(cell_format: bytes, **attributes: str) -> bytes:
    end = cell_format.index(b">") + 1  # no attribute of a format holds a free text
    tag = cell_format[:end]
    for name, value in attributes.items():
        tag = with_attribute(tag, name, value)
    return tag + cell_format[end:]


class _Sections:
    """Find the prefix, the number of fills and the cell formats of a styles part."""

    def __init__(self, content: bytes) -> None:
        self.prefix = ""
        self.fill_count = 0
        self.formats: list[bytes] = []
        self.marked_formats: set[int] = set()
        self._marks: set[str] = set()
        self._content = content
        self._path: list[str] = []
        self._start = 0
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.Parse(content, True)

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if not self._path:
            self.prefix = tag[: len(tag) - len(name)]
        elif self._path[1:] == ["fills"] and name == "fill":
            self.fill_count += 1
        elif self._path[1:] == ["cellXfs"] and name == "xf":
            self._start = self._parser.CurrentByteIndex
            if attributes.get("fillId") in self._marks:
                self.marked_formats.add(len(self.formats))
        elif name == "fgColor" and self._path[1:2] == ["fills"] and attributes.get("rgb", "").upper() == MARK_COLOUR:
            self._marks.add(str(self.fill_count - 1))
        self._path.append(name)

    def _end(self, tag: str) -> None:
        name = self._path.pop()
        if name == "xf" and self._path[1:] == ["cellXfs"]:
            end = self._parser.CurrentByteIndex
            closing = f"</{tag}".encode()
            if self._content.startswith(closing, end):
                end = self._content.index(b">", end) + 1
            self.formats.append(self._content[self._start : end])


class _StyleEditor(XmlEditor):
    """Put the new fill and the new formats at the end of their sections, or whole sections where there are none."""

    def __init__(self, book: StyleBook) -> None:
        super().__init__()
        self._book = book
        self._depth = 0
        self._has_fills = False
        self._has_formats = False
        self._is_empty = False
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end

    def _begin(self, tag: str, _attributes: dict[str, str]) -> None:
        self._depth += 1
        name = tag.rpartition(":")[2]
        if self._depth != _SECTION_DEPTH:
            return
        offset = self.offset
        if name in _AFTER_FILLS and not self._has_fills:
            self._has_fills = True
            self.replace(offset, offset, self._book.fills)
        if name in _AFTER_CELL_FORMATS and not self._has_formats:
            self._has_formats = True
            self.replace(offset, offset, self._book.cell_formats)
        if name == "fills":
            self._has_fills = True
            self._open(offset, count=self._book.fill_count, empty=self._book.fills)
        if name == "cellXfs":
            self._has_formats = True
            self._open(offset, count=self._book.format_count, empty=self._book.cell_formats)

    def _open(self, offset: int, *, count: int, empty: bytes) -> None:
        tag = self.tag_at(offset)
        self._is_empty = tag.endswith(b"/>")
        self.replace(offset, offset + len(tag), empty if self._is_empty else with_attribute(tag, "count", str(count)))

    def _end(self, tag: str) -> None:
        self._depth -= 1
        name = tag.rpartition(":")[2]
        if self._depth == 0:
            self._complete()
        if self._depth != 1 or name not in {"fills", "cellXfs"} or self._is_empty:
            return
        added = self._book.added_fills if name == "fills" else self._book.added_formats
        self.replace(self.offset, self.offset, added)

    def _complete(self) -> None:
        """Add what no section announced, at the end of the part."""
        missing = (b"" if self._has_fills else self._book.fills) + (
            b"" if self._has_formats else self._book.cell_formats
        )
        self.replace(self.offset, self.offset, missing)
