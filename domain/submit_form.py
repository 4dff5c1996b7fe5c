"""The form by which a marketer submits a campaign: what may be chosen, and the JSON schema that a server shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.server_run import MOST_SHARES


@dataclass(frozen=True)
class Choices:
    """What the lists of the form hold, each in the order in which it is shown."""

    accounts: Sequence[str]
    templates: Sequence[str]  # as `sale · en · 3`
    files: Sequence[str]  # names in the inbox folder, newest first


def form_schema(choices: Choices) -> dict[str, Any]:
    """Return the schema of the form; its fields are parameters of the flow `submit-campaign`.

    Fields have a place each, since a server may sort them otherwise; what nobody needs who fills in a form is left out,
    and the flow takes it all the same.
    """
    fields: dict[str, dict[str, Any]] = {
        "account": _choice(
            "Account",
            choices.accounts,
            "Who sends: a Page or a professional account.",
            none="`windowcast accounts add`",
        ),
        "template": _choice(
            "Template · language · version",
            choices.templates,
            "What is sent.",
            none="`windowcast templates add`",
        ),
        "inbox_file": _choice(
            "File from the inbox",
            choices.files,
            "The filled workbook (.xlsx or .csv), newest first. A file that was put into the inbox folder appears here "
            "within five minutes.",
            none="put the workbook into the inbox folder",
        ),
        "file": _text("Or the file's address", "In place of a file from the inbox: https, s3, ..., no query (?...)."),
        "name": _text("Name of the campaign", "As you will look for it later."),
        "by": _text("Your name", "Who submits it; a large campaign is approved by somebody else."),
        "at": _moment("Send at", "The zone is chosen beside it; leave it empty to send at once."),
        "not_after": _moment("Not after", "The latest time at which a message of it may be sent."),
        "dry_run": _switch("Dry run", "Only show what would happen: rows, problems, forecast; nothing is sent."),
        "accept_valid": _switch("Send the good rows of a file with bad ones", "Otherwise such a file is refused."),
        "again": _switch("Send the same list a second time", "Otherwise a list that was sent already is refused."),
        "hold_until": _moment(
            "Wait for people until", "People without an open window get the message when they write before this time."
        ),
        "shares": {
            "type": "integer",
            "title": "Runs that send it at once",
            "minimum": 1,
            "maximum": MOST_SHARES,
            "description": "They share its pace; leave it empty for what the workers are set to.",
        },
        "sheet": _text("Sheet", "Of a workbook with several that could hold the recipients."),
        "hidden_rows": {
            "type": "string",
            "title": "Hidden rows",
            "enum": ["ask", "include", "skip"],
            "default": "ask",
            "description": "What to do with rows that are hidden in the workbook; ask refuses the file and says so.",
        },
    }
    return {
        "type": "object",
        "title": "Parameters",
        "properties": {name: {**field, "position": place} for place, (name, field) in enumerate(fields.items())},
        "required": ["account", "template"],
        "definitions": {},
    }


def _choice(title: str, values: Sequence[str], description: str, *, none: str) -> dict[str, Any]:
    if not values:
        return _text(title, f"{description} There is none yet: {none}.")
    return {"type": "string", "title": title, "enum": list(values), "description": description}


def _text(title: str, description: str) -> dict[str, Any]:
    return {"type": "string", "title": title, "description": description}


def _moment(title: str, description: str) -> dict[str, Any]:
    return {"type": "string", "format": "date-time", "title": title, "description": description}


def _switch(title: str, description: str) -> dict[str, Any]:
    return {"type": "boolean", "title": title, "default": False, "description": description}
