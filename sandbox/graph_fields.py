"""The `fields` parameter of a Graph read: names, limits and nested names, as in `id,messages.limit(5){id,from}`."""

import re
from dataclasses import dataclass
from typing import Final

from sandbox.errors import Refusal, bad_parameter

_NAME: Final = re.compile(r"\s*([a-z_]+)(?:\.limit\((\d{1,4})\))?\s*")


@dataclass(frozen=True)
class GraphField:
    """One field asked for, how many items of it, and which fields of these."""

    name: str
    limit: int | None = None
    nested: tuple["GraphField", ...] = ()


def read_fields(text: str) -> tuple[GraphField, ...]:
    """Return the fields that the text names. Raises Refusal with error 100 if it cannot be read."""
    fields, rest = _fields(text)
    if rest:
        raise _unreadable(text)
    return fields


def _fields(text: str) -> tuple[tuple[GraphField, ...], str]:
    """Return the fields at the head of the text, and what is behind them."""
    found: list[GraphField] = []
    while True:
        match = _NAME.match(text)
        if match is None:
            raise _unreadable(text)
        nested: tuple[GraphField, ...] = ()
        text = text[match.end() :]
        if text.startswith("{"):
            nested, text = _fields(text[1:])
            if not text.startswith("}"):
                raise _unreadable(text)
            text = text[1:].lstrip()
        found.append(GraphField(match[1], int(match[2]) if match[2] else None, nested))
        if not text.startswith(","):
            return tuple(found), text
        text = text[1:]


def _unreadable(text: str) -> Refusal:
    """Return the refusal of a `fields` parameter from where it cannot be read."""
    return Refusal(bad_parameter(f"Syntax error in the fields parameter near {text[:20]!r}"))
