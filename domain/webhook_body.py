"""Taking a person out of a webhook body, without touching what it tells of others."""

import json
import re
from typing import Any

NOTHING = b"{}"


def without_person(body: bytes, user_id: str) -> bytes:
    """Return a webhook body without the events that mention a person; the others stay as they are.

    What cannot be taken apart (no JSON, an id where no event is) is given up as a whole: an empty body.
    """
    mentioned = re.compile(rf"(?<![0-9]){re.escape(user_id)}(?![0-9])")
    try:
        read = json.loads(body)
        kept = _without(read, mentioned)
        text = json.dumps(kept, ensure_ascii=True)
    except (ValueError, RecursionError):
        return NOTHING
    return NOTHING if mentioned.search(text) else text.encode()


def _without(read: Any, mentioned: re.Pattern[str]) -> Any:
    """Take out the events: the members of the lists of an entry (`messaging`, `standby`, `changes`)."""
    if isinstance(read, list):
        return [_without(envelope, mentioned) for envelope in read]
    if not isinstance(read, dict) or not isinstance(read.get("entry"), list):
        return read
    entries = [_entry_without(entry, mentioned) for entry in read["entry"]]
    return {**read, "entry": [entry for entry in entries if not _mentions(entry, mentioned)]}


def _entry_without(entry: Any, mentioned: re.Pattern[str]) -> Any:
    if not isinstance(entry, dict):
        return entry
    return {
        key: [event for event in value if not _mentions(event, mentioned)] if isinstance(value, list) else value
        for key, value in entry.items()
    }


def _mentions(value: Any, mentioned: re.Pattern[str]) -> bool:
    return mentioned.search(json.dumps(value, ensure_ascii=True)) is not None
