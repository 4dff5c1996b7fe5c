"""The options that say what is to be sent to whom, and when: those of `windowcast submit` and `windowcast check`."""

import getpass
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import uuid4

import click

from cli.session import Session, json_option, moment
from domain.errors import UsageError
from domain.server_run import MOST_SHARES
from domain.submission import Submission, file_or_address

_F = TypeVar("_F", bound=Callable[..., Any])

# What is sent, and to whom.
_WHAT: Final = (
    click.option("--account", required=True, help="Name of the sending account."),
    click.option("--template", required=True, help="Code of the template."),
    click.option("--language", required=True, help="Language of the template."),
    click.option("--version", type=int, help="Version of the template; the newest unless given."),
    click.option(
        "--file",
        metavar="FILE",
        help="The filled workbook, .xlsx or .csv: a path, or an http(s), s3 or other address.",
    ),
    click.option("--to", multiple=True, metavar="ID", help="A recipient, in place of a file; may be repeated."),
    click.option("--name", help="Name of the campaign."),
    click.option("--by", metavar="NAME", help="Who submits it, if not the user of this machine; it is kept."),
)

# When, and beside what.
_WHEN: Final = (
    click.option("--at", metavar="TIME", help="When to send (ISO 8601); at once unless given."),
    click.option("--time-zone", metavar="ZONE", help="The zone of times without an offset, such as Europe/Berlin."),
    click.option("--not-after", metavar="TIME", help="The latest time at which a message may be sent."),
    click.option(
        "--hold-until",
        metavar="TIME",
        help="Wait until then for people without an open window, and send to them when they write.",
    ),
    click.option(
        "--weight",
        type=click.FloatRange(0, 100),
        default=1,
        show_default=True,
        help="The campaign's share of the pace beside other campaigns of the account.",
    ),
    click.option(
        "--shares",
        type=click.IntRange(1, MOST_SHARES),
        help="How many runs of the Prefect server send it at once; a command that sends at once sends alone.",
    ),
)

# How the file is read, and given back.
_READING: Final = (
    click.option("--sheet", help="The sheet of the workbook, where several could hold the recipients."),
    click.option(
        "--hidden-rows",
        type=click.Choice(["ask", "include", "skip"]),
        default="ask",
        help="What to do with hidden rows; unless said, the file is refused and you are asked.",
    ),
    click.option(
        "--encoding",
        type=click.Choice(["utf-8", "cp1252"]),
        help="The encoding of a csv file that does not say its own; UTF-8 unless given.",
    ),
    click.option(
        "--annotated",
        type=click.Path(path_type=Path),
        help="Write your list back to this .xlsx file: a state and a reason beside each row, bad cells marked.",
    ),
)

# What would be refused, or not done, unless it is asked for.
_ON_PURPOSE: Final = (
    click.option("--accept-valid", is_flag=True, help="Send the good rows of a file that has bad ones."),
    click.option(
        "--private-replies",
        is_flag=True,
        help="Answer the comments and posts of people without an open window privately, each once.",
    ),
    click.option(
        "--resend-unknown",
        is_flag=True,
        help="Send again what two look-ups prove absent; a small risk of a second copy remains.",
    ),
    click.option("--again", is_flag=True, help="Send the same list a second time on purpose."),
    click.option(
        "--accept-old-interactions",
        is_flag=True,
        help="Judge windows by what is known, however old the account's newest interaction is.",
    ),
)


def submission_options(command: _F) -> _F:
    """Give a command the options that say what is to be sent to whom, and when."""
    for option in reversed((*_WHAT, *_WHEN, *_READING, *_ON_PURPOSE, json_option)):
        command = option(command)
    return command


def submission_of(opened: Session, **given: Any) -> Submission:
    """Return the submission that the options ask for. Raises UsageError for words that do not fit together."""
    if (given["file"] is None) == (not given["to"]):
        raise UsageError("Say who should get it: either --file WORKBOOK, or --to ID once for each person.")
    zone = given["time_zone"]
    return Submission(
        submission_id=uuid4(),
        account=given["account"],
        template=given["template"],
        language=given["language"],
        version=given["version"],
        file=None if given["file"] is None else _named_file(given["file"]),
        user_ids=tuple(given["to"]),
        name=given["name"],
        scheduled_at=moment(given["at"], time_zone=zone, settings=opened.settings),
        not_after=moment(given["not_after"], time_zone=zone, settings=opened.settings),
        hold_until=moment(given["hold_until"], time_zone=zone, settings=opened.settings),
        weight=given["weight"],
        accepts_valid=given["accept_valid"],
        again=given["again"],
        sheet=given["sheet"],
        hidden_rows=given["hidden_rows"],
        encoding=given["encoding"],
        accepts_old_interactions=given["accept_old_interactions"],
        resends_unknown=given["resend_unknown"],
        submitted_by=given["by"] or getpass.getuser(),
        private_replies=given["private_replies"],
        shares=given["shares"],
    )


def _named_file(text: str) -> Path | str:
    """Make a path whole, because a flow may run in another folder; an address stays as it is."""
    named = file_or_address(text)
    return named.absolute() if isinstance(named, Path) else named
