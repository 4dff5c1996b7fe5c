"""A picture of a page, read as pixels."""

import struct
import zlib


class Picture:
    """The pixels of a PNG file of 8 bits for each of red, green and blue, with or without transparency."""

    def __init__(self, data: bytes) -> None:
        assert data.startswith(b"\x89PNG\r\n\x1a\n")
        chunks = list(_chunks(data))
        self.width, self.height, depth, color = struct.unpack(">IIBB", dict(chunks)[b"IHDR"][:10])
        assert depth == 8
        self._size = {2: 3, 6: 4}[color]
        packed = b"".join(content for name, content in chunks if name == b"IDAT")
        self._rows = _unfiltered(zlib.decompress(packed), self.width * self._size, self._size)

    def colors(self) -> set[bytes]:
        """Every color in it."""
        size = self._size
        return {row[at : at + 3] for row in self._rows for at in range(0, len(row), size)}

    def color(self, x: int, y: int) -> tuple[int, int, int]:
        """The color of one pixel: red, green, blue."""
        red, green, blue = self._rows[y][x * self._size : x * self._size + 3]
        return red, green, blue


def _chunks(data: bytes):
    at = 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def _unfiltered(data: bytes, row_bytes: int, size: int) -> list[bytes]:
    """Undo the filters of the rows (PNG specification, 9.2)."""
    rows, above = [], bytes(row_bytes)
    for start in range(0, len(data), row_bytes + 1):
        kind, row = data[start], bytearray(data[start + 1 : start + 1 + row_bytes])
        for at in range(row_bytes):
            left = row[at - size] if at >= size else 0
            corner = above[at - size] if at >= size else 0
            row[at] = (row[at] + _predicted(kind, left, above[at], corner)) & 0xFF
        above = bytes(row)
        rows.append(above)
    return rows


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    if kind == 4:
        guess = left + up - corner
        return min((left, up, corner), key=lambda one: abs(guess - one))
    return (0, left, up, (left + up) // 2)[kind]
