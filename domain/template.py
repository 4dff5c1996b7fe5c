"""Templates: content with `$(name)` variables, rendered in a single pass, and the limits of a rendered message."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from domain.errors import InputRefusedError
from domain.recipients_file import OUTCOME_COLUMNS, USER_ID_COLUMN
from domain.value_rules import ValueRules

_VARIABLE: Final = re.compile(r"\$\(([A-Za-z][A-Za-z0-9_]*)\)")
_OPENING: Final = "$("


class Channel(StrEnum):
    """Where a message goes."""

    MESSENGER = "messenger"
    INSTAGRAM = "instagram"


class Provider(StrEnum):
    """Who carries it there."""

    GRAPH = "graph"  # Meta directly
    CHATAPP = "chatapp"  # Alibaba CAMS


@dataclass(frozen=True)
class TextLimit:
    """The longest text of a channel: `most` of `unit`."""

    most: int
    unit: Literal["characters", "bytes"]

    def length(self, text: str) -> int:
        """Measure a text in this limit's unit."""
        return len(text) if self.unit == "characters" else len(text.encode())


# Messenger: "less than 2000 characters" (Send API). Instagram: UTF-8 of 1000 bytes or less (Instagram send page).
TEXT_LIMITS: Final = {Channel.MESSENGER: TextLimit(1999, "characters"), Channel.INSTAGRAM: TextLimit(1000, "bytes")}


@dataclass(frozen=True)
class TextContent:
    """A plain text message."""

    text: str
    kind: Literal["text"] = "text"

    @property
    def is_media(self) -> bool:
        """Whether it takes the lane of audio and video."""
        return False

    def rendered(self, values: Mapping[str, str]) -> dict[str, object]:
        """Return what is sent to a person with these values."""
        return {"kind": self.kind, "text": render(self.text, values)}


class MediaKind(StrEnum):
    """What a media message shows or plays."""

    AUDIO = "audio"
    VIDEO = "video"
    IMAGE = "image"
    FILE = "file"


@dataclass(frozen=True)
class MediaContent:
    """A message of one audio, video, image or file, which the platform fetches from `url`. It has no variables."""

    url: str
    kind: MediaKind

    @property
    def text(self) -> str:
        """Nothing: a media message has no text beside it."""
        return ""

    @property
    def is_media(self) -> bool:
        """Whether it takes the lane of audio and video (Meta, Rate limiting: images and files count as texts do)."""
        return self.kind in (MediaKind.AUDIO, MediaKind.VIDEO)

    def rendered(self, values: Mapping[str, str]) -> dict[str, object]:  # noqa: ARG002  # as for a text
        """Return what is sent, the same for everybody."""
        return {"kind": self.kind.value, "url": self.url}


Content = TextContent | MediaContent


@dataclass(frozen=True)
class Template:
    """One version of a template, as the database holds it."""

    template_id: int
    code: str
    language: str
    version: int
    channel: Channel
    name: str
    content: Content
    rules: tuple[ValueRules, ...] = ()  # of the variables that have some

    @property
    def variables(self) -> tuple[str, ...]:
        """Its variables, in the order in which the text names them first."""
        return variables_of(self.content.text)

    @property
    def columns(self) -> tuple[str, ...]:
        """The header of its workbook."""
        return (USER_ID_COLUMN, *self.variables)

    @property
    def workbook_command(self) -> str:
        """The command that writes a fresh workbook of this very version, ready to be run as it stands."""
        file_name = f"{re.sub('[^A-Za-z0-9_-]+', '-', self.code).strip('-') or 'recipients'}.xlsx"
        words = ("--language", self.language, "--version", str(self.version), "--output", file_name)
        return shlex.join(("windowcast", "templates", "workbook", self.code, *words))


def variables_of(text: str) -> tuple[str, ...]:
    """Return the variables that a text names, each once, in the order of their first appearance.

    Raises InputRefusedError for a `$(` that begins no variable, and for a variable named like a column of ours.
    """
    names = tuple(dict.fromkeys(match[1] for match in _VARIABLE.finditer(text)))
    for position in _openings(text):
        if not _VARIABLE.match(text, position):
            piece = text[position : position + 20]
            raise InputRefusedError(
                f"The text has {piece!r} at character {position + 1}, which is no variable; write $(name) with a name "
                "of letters, digits and _ that begins with a letter."
            )
    for name in names:
        if name in (USER_ID_COLUMN, *OUTCOME_COLUMNS):
            raise InputRefusedError(
                f"A variable may not be named {name}: the workbook has a column of that name already."
            )
    return names


def render(text: str, values: Mapping[str, str]) -> str:
    """Put the values in place of the variables, once: a value that looks like a variable stays as it is.

    Raises KeyError for a variable without a value, which checking the rows has made impossible.
    """
    return _VARIABLE.sub(lambda match: values[match[1]], text)


def literal_and_counts(text: str, variables: Sequence[str]) -> tuple[str, list[int]]:
    """Return the text without its variables, and how often each of them stands in it.

    With both, the length of every rendered message can be computed in SQL without rendering one.
    """
    counts = dict.fromkeys(variables, 0)
    for match in _VARIABLE.finditer(text):
        counts[match[1]] += 1
    return _VARIABLE.sub("", text), [counts[name] for name in variables]


def _openings(text: str) -> list[int]:
    return [match.start() for match in re.finditer(re.escape(_OPENING), text)]
