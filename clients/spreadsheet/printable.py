"""Whether a text has a character that is not printable: a control character, or a blank other than the space."""

from typing import Final

_PRINTABLE: Final = bytes(range(0x20, 0x7F))


def is_printable(text: str) -> bool:
    """Return what `str.isprintable` does, for long ASCII texts several times faster."""
    return not text.encode().translate(None, _PRINTABLE) if text.isascii() else text.isprintable()
