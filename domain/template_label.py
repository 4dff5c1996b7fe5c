"""How a template version is named in one text, so that people choose it from one list: `sale · en · 3`."""

from dataclasses import dataclass
from typing import Final

_BETWEEN: Final = " · "


@dataclass(frozen=True)
class TemplateLabel:
    """A template version by its words."""

    code: str
    language: str
    version: int

    def __str__(self) -> str:
        """Return the text that people choose."""
        return _BETWEEN.join((self.code, self.language, str(self.version)))


def read_label(text: str) -> TemplateLabel | None:
    """Return the template version that a text names; None when it is no such text, but a code, say."""
    parts = text.split(_BETWEEN)
    if len(parts) != len(("code", "language", "version")) or not parts[2].isascii() or not parts[2].isdigit():
        return None
    return TemplateLabel(parts[0], parts[1], int(parts[2]))
