"""`windowcast messages`: one line per row of the sheet, what became of it, and what is done about what is unknown."""

import asyncio
import getpass
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.output import is_terminal, print_json, print_json_list, print_table, utc
from cli.session import Session, campaign_id, json_option, session
from domain.errors import UsageError
from domain.reasons import Reason, explain
from domain.states import MessageState

if TYPE_CHECKING:
    from tasks.decisions import Decided
    from tasks.unknowns import ResolveReport

_MOST_SHOWN = 200
_SECOND_COPY = "may be a second copy"


class _ListUnlessNamed(click.Group):
    """A group whose first word may be a campaign instead of a command: then the messages of it are listed."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands:
            args = ["list", *args]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # `messages --state failed CAMPAIGN`: the options belong to the list, too.
        if args and args[0].startswith("-") and args[0] not in ctx.help_option_names:
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_ListUnlessNamed, subcommand_metavar="CAMPAIGN | COMMAND [ARGS]...")
def messages() -> None:
    """Show or export the message list of a campaign, and settle what of it is unknown.

    `windowcast messages CAMPAIGN` is short for `windowcast messages list CAMPAIGN`.
    """


@messages.command("list")
@click.argument("campaign")
@click.option("--state", type=click.Choice([state.value for state in MessageState]))
@click.option("--reason", type=click.Choice([reason.value for reason in Reason]), metavar="REASON")
@click.option(
    "--export", "export", type=click.Path(path_type=Path), help="Write them to an .xlsx, .csv or .parquet file."
)
@json_option
def list_(campaign: str, *, state: str | None, reason: str | None, export: Path | None, as_json: bool) -> None:
    """Show or export the message list of a campaign."""
    from tasks.messages import export_messages, list_messages

    chosen_state = MessageState(state) if state else None
    chosen_reason = Reason(reason) if reason else None
    with session() as opened:
        found = campaign_id(campaign)
        if export is not None:
            count = export_messages(opened.connection, found, path=export, state=chosen_state, reason=chosen_reason)
            if as_json:
                print_json({"file": str(export), "rows": count})
            else:
                click.echo(f"{count} rows are in {export}.")
            return
        rows = list_messages(opened.connection, found, state=chosen_state, reason=chosen_reason)
        if as_json:
            print_json_list(message_json(row) for row in rows)
        else:
            _show(rows)


@messages.command()
@click.argument("campaign", required=False)
@click.option("--seconds", type=click.FloatRange(min=0), default=60.0, show_default=True, help="For how long at most.")
@json_option
def resolve(campaign: str | None, *, seconds: float, as_json: bool) -> None:
    """Look for proof of what is unknown.

    Of a campaign, or of every account. Asks the platform for the conversations of these people, at most two a second
    for each account, and sends nothing itself.
    """
    with session() as opened:
        reports = asyncio.run(_resolve(opened, campaign, seconds=seconds))
    if as_json:
        print_json([_report_json(name, report) for name, report in reports.items()])
        return
    if not reports:
        click.echo("Nothing is unknown that a look-up could still prove.")
    for name, report in reports.items():
        click.echo(_report_sentence(name, report))


@messages.command()
@click.argument("message", type=int)
@click.argument("verdict", type=click.Choice(["sent", "absent"]))
@click.option("--because", required=True, help="How you know; it is kept with your name.")
@click.option("--by", "decided_by", help="Who decides; the user of this machine unless given.")
@click.option("--yes", is_flag=True, help="Do not ask: you know that `absent` may send a second copy.")
@json_option
def decide(message: int, *, verdict: str, because: str, decided_by: str | None, yes: bool, as_json: bool) -> None:
    """Decide by your word whether an unknown message was sent.

    `absent` makes it ready again if its window is still open: if the platform did take it, the person may get a second
    copy. The decision is kept with who made it and why.
    """
    from domain.evidence import DecisionKind
    from tasks.decisions import Author, find_message
    from tasks.decisions import decide as decide_message
    from tasks.windows import timing_of

    with session() as opened:
        found = find_message(opened.connection, message)
        if verdict == "absent" and found["state"] == MessageState.UNKNOWN and not yes:
            _ask(found, as_json=as_json)
        decided = decide_message(
            opened.connection,
            message,
            kind=DecisionKind(verdict),
            author=Author(decided_by or author_here(), because),
            timing=timing_of(opened.settings),
        )
    if as_json:
        print_json(_decided_json(decided))
        return
    click.echo(_decided_sentence(decided))


def author_here() -> str:
    """Return who sits at this machine: its user and its name."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def message_json(row: dict[str, Any]) -> dict[str, Any]:
    """Return a message for machines; `user_id` is the id as it was typed."""
    return {
        "message_id": str(row["message_id"]),
        "row_number": row["row_number"],
        "user_id": row["typed_user_id"],
        "state": row["state"],
        "reason": row["reason"],
        "window_closes_at": utc(row["closes_at"]),
        "sent_at": utc(row["sent_at"]),
        "platform_sent_at": utc(row["platform_sent_at"]),
        "recovered_at": utc(row["recovered_at"]),
        "sent_by": row["sent_by"],
        "delivered_at": utc(row["delivered_at"]),
        "read_at": utc(row["read_at"]),
        "provider_message_id": row["provider_message_id"],
        "provider_code": row["provider_code"],
        "provider_subcode": row["provider_subcode"],
        "provider_text": row["provider_text"],
    }


def _show(rows: Any) -> None:
    shown: list[tuple[object, ...]] = []
    count = 0
    for row in rows:
        count += 1
        if count <= _MOST_SHOWN:
            why = explain(Reason(row["reason"]), closes_at=row["closes_at"]) if row["reason"] else ""
            shown.append(
                (row["row_number"], row["message_id"], row["typed_user_id"], row["state"], row["sent_at"], why)
            )
    print_table(("row", "message", "user_id", "state", "sent", "why"), shown, empty="No messages like that.")
    if count > _MOST_SHOWN:
        click.echo(f"… and {count - _MOST_SHOWN} more; --export FILE.xlsx writes all of them.")


async def _resolve(opened: Session, campaign: str | None, *, seconds: float) -> "dict[str, ResolveReport]":
    from tasks.accounts import find_account
    from tasks.campaigns import get_campaign
    from tasks.running import stop_on_signals
    from tasks.unknowns import list_accounts_with_unknowns, resolve_unknowns

    found = None if campaign is None else campaign_id(campaign)
    names = (
        list_accounts_with_unknowns(opened.connection)
        if found is None
        else [get_campaign(opened.connection, found)["account"]]
    )
    accounts = [find_account(opened.connection, name) for name in names]
    async with stop_on_signals() as stop:
        # Each account has a pace of its own, so none has to wait for another.
        reports = await asyncio.gather(
            *(
                resolve_unknowns(
                    opened.url,
                    account,
                    chosen=opened.settings,
                    limit_seconds=seconds,
                    campaign_id=found,
                    stop=stop,
                )
                for account in accounts
            )
        )
    return dict(zip(names, reports, strict=True))


def _report_json(name: str, report: "ResolveReport") -> dict[str, Any]:
    return {
        "account": name,
        "looked_up": report.looked_up,
        "found": report.found,
        "settled_by_echo": report.settled_by_echo,
        "absent": report.absent,
        "unclear": report.unclear,
        "without_answer": report.without_answer,
        "ready_again": report.ready_again,
        "campaigns_to_run": sorted(str(one) for one in report.campaign_ids),
        "unknown": report.unknown,
        "given_up": report.given_up,
        "due": report.due,
        "next_in_seconds": report.next_in_seconds,
        "grace_seconds": report.grace_seconds,
        "stopped_by": report.stopped_by or None,
    }


def _report_sentence(name: str, report: "ResolveReport") -> str:
    parts = [
        f"{name}: looked up {report.looked_up}; found {report.found}, absent {report.absent}, unclear "
        f"{report.unclear}, without an answer {report.without_answer}; {report.settled_by_echo} settled by echoes.",
        f"Unknown now: {report.unknown}"
        + (
            f", of which {report.given_up} have no proof to come (`windowcast messages decide`)."
            if report.given_up
            else "."
        ),
    ]
    if report.ready_again:
        runs = ", ".join(f"`windowcast campaigns run {one}`" for one in sorted(map(str, report.campaign_ids)))
        parts.append(f"{report.ready_again} were proven absent and are ready again: {runs} sends them.")
    if report.due:
        parts.append(f"{report.due} could be looked up now ({report.stopped_by or 'run it again'}).")
    elif report.next_in_seconds is not None:
        parts.append(f"The next look-up is due in {max(0, round(report.next_in_seconds))} seconds.")
    return " ".join(parts)


def _ask(found: dict[str, Any], *, as_json: bool) -> None:
    """Have a person type that a second copy is possible. Raises UsageError where nobody can be asked."""
    if as_json or not is_terminal():
        raise UsageError(
            "Deciding `absent` may send a second copy, and without a terminal nobody can be asked: add --yes if you "
            "are sure."
        )
    click.echo(
        f"Message {found['message_id']} (row {found['row_number']} of {found['campaign']}) is sent again if its window "
        f"is open. If the platform did take it, what is sent now {_SECOND_COPY}.",
        err=True,
    )
    typed = click.prompt(f'Type "{_SECOND_COPY}" to go on', err=True)
    if typed.strip().strip('"').lower() != _SECOND_COPY:
        raise click.Abort


def _decided_json(decided: "Decided") -> dict[str, Any]:
    return {
        "message_id": str(decided.message_id),
        "campaign_id": str(decided.campaign_id),
        "before": decided.before,
        "state": decided.after,
        "reason": decided.reason,
        "campaign_state": decided.campaign_state,
    }


def _decided_sentence(decided: "Decided") -> str:
    said = f"Message {decided.message_id} was {decided.before} and is {decided.after}; the decision is kept."
    if decided.after is MessageState.READY:
        return (
            f"{said} `windowcast campaigns run {decided.campaign_id}` sends it. If the platform did take it before, "
            f"this {_SECOND_COPY}."
        )
    if decided.reason is not None:
        return f"{said} It is not sent again: {explain(decided.reason, closes_at=None)}"
    return said
