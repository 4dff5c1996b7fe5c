"""`windowcast webhooks`: what the platform tells, from the receiver through the inbox to the tables."""

import os
from typing import TYPE_CHECKING, Any, Final

import click

from cli.output import print_json, print_table
from cli.session import json_option, session

if TYPE_CHECKING:
    import socket

    from domain.pace import Timing
    from tasks.reconcile import ReconcileReport
    from web.connections import ConnectionLimits
    from web.receiver import Receiver

# What runs beside the receiver as a child process and applies what it stores.
RECONCILE: Final = ("webhooks", "reconcile", "--follow")
_MOST_SHOWN: Final = 50


@click.group()
def webhooks() -> None:
    """Receive what the platform tells, and apply it; look into its inbox."""


@webhooks.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: any that is free.")
@click.option("--share-port", is_flag=True, help="Let several receivers listen on the same port.")
@click.option("--no-reconcile", is_flag=True, help="Only store: something else applies what is stored.")
@json_option
def serve(*, host: str, port: int, share_port: bool, no_reconcile: bool, as_json: bool) -> int:
    """Take webhooks at /webhooks/meta and store them, until Ctrl-C or SIGTERM."""
    from cli.beside import command_beside
    from clients.settings import settings
    from web.body import BodyLimits
    from web.connections import ConnectionLimits
    from web.follower import Follower
    from web.receiver import Receiver, read_keys
    from web.server import listen

    keys = read_keys(settings())
    with listen(host, port, is_shared=share_port) as listener, session() as opened:
        receiver = Receiver(
            opened.url,
            keys=keys,
            body_limits=BodyLimits(opened.settings.webhook_body_bytes),
            follower=None if no_reconcile else Follower(command_beside(*RECONCILE)),
            public_url=opened.settings.public_url,
            privacy_contact=opened.settings.privacy_contact,
        )
        limits = ConnectionLimits(opened.settings.webhook_connections)
        _serve(receiver, listener, limits=limits, as_json=as_json)
    return 0


def _serve(receiver: "Receiver", listener: "socket.socket", *, limits: "ConnectionLimits", as_json: bool) -> None:
    import asyncio

    import uvloop

    from cli.log_lines import tell_log_lines
    from tasks.running import stop_on_signals
    from web.server import address_of, serve

    def announce() -> None:
        url = f"{address_of(listener)}/webhooks/meta"
        if as_json:
            print_json({"receiver_url": url, "pid": os.getpid()})
        else:
            click.echo(f"Webhooks are taken at {url}; Ctrl-C ends this.")

    async def run() -> None:
        async with stop_on_signals() as stop:
            await serve(receiver, listener=listener, stop=stop, limits=limits, announce=announce)

    tell_log_lines()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


@webhooks.command()
@click.option("--follow", is_flag=True, help="Go on until stopped; a database that goes away is waited for.")
@json_option
def reconcile(*, follow: bool, as_json: bool) -> None:
    """Apply the bodies that wait in the inbox. Any number may run at once; a second time changes nothing."""
    from dataclasses import asdict

    from tasks.reconcile import reconcile_inbox
    from tasks.windows import timing_of

    with session() as opened:
        url, timing = opened.url, timing_of(opened.settings)
        report = reconcile_inbox(opened.connection, timing=timing)
    if follow:
        report.add(_follow(url, timing))
    if as_json:
        print_json(asdict(report))
    else:
        _show_report(report)


@webhooks.command()
@click.option("--show", "receipt_id", type=int, metavar="ID", help="Print a body as it came, byte for byte.")
@json_option
def inbox(*, receipt_id: int | None, as_json: bool) -> None:
    """Show how many bodies wait and are applied, and what nobody here understands."""
    from tasks.receipts import inbox_counts, list_strange, list_unknown_accounts, read_receipt

    with session() as opened:
        if receipt_id is not None:
            click.echo(read_receipt(opened.connection, receipt_id), nl=False)
            return
        counts = inbox_counts(opened.connection)
        strange = list_strange(opened.connection, most=_MOST_SHOWN)
        elsewhere = list_unknown_accounts(opened.connection)
    if as_json:
        print_json(_inbox_json(counts, strange, elsewhere))
    else:
        _show_inbox(counts, strange, elsewhere)


def _follow(url: str, timing: "Timing") -> "ReconcileReport":
    """Follow the inbox until Ctrl-C or SIGTERM; what has begun is finished."""
    import signal
    import threading

    from tasks.reconcile import follow_inbox

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    return follow_inbox(url, timing=timing, stop=stop)


def _show_report(report: "ReconcileReport") -> None:
    click.echo(
        f"{report.bodies} webhook bodies with {report.events} events were applied: {report.interactions} new "
        f"interactions, {report.entitlements} new comments and posts, {report.settled} messages proven sent, "
        f"{report.delivered} delivered, {report.read} read, {report.opted_out} opt-outs."
    )
    if report.paused:
        click.echo(f"Accounts paused, since the platform blocked them: {report.paused}; `windowcast accounts list`.")
    if report.elsewhere:
        click.echo(f"{report.elsewhere} events wait for accounts that are not kept here.")
    if report.strange:
        click.echo(f"{report.strange} events are strange; `windowcast webhooks inbox` says why.")
    if report.missing:
        click.echo(f"{report.missing} messages have had no receipt for days.")


def _inbox_json(
    counts: dict[str, int], strange: list[dict[str, Any]], elsewhere: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "waiting": counts["waiting_count"],
        "applied": counts["applied_count"],
        "strange": counts["strange_count"],
        "receipts_waiting": counts["receipt_count"],
        "strange_bodies": [{**row, "receipt_id": str(row["receipt_id"])} for row in strange],
        "unknown_accounts": elsewhere,
    }


def _show_inbox(counts: dict[str, int], strange: list[dict[str, Any]], elsewhere: list[dict[str, Any]]) -> None:
    click.echo(
        f"{counts['waiting_count']} webhook bodies wait, {counts['applied_count']} are applied, and "
        f"{counts['strange_count']} of those held something strange. {counts['receipt_count']} receipts wait for a "
        "message with their id."
    )
    if elsewhere:
        print_table(
            ("channel", "unknown account", "bodies", "events"),
            [(row["channel"], row["external_id"], row["body_count"], row["event_count"]) for row in elsewhere],
            empty="",
        )
    if strange:
        print_table(
            ("body", "received", "events", "strange", "why"),
            [
                (row["receipt_id"], row["received_at"], row["event_count"], row["strange_count"], row["strange"])
                for row in strange
            ],
            empty="",
        )
        click.echo("`windowcast webhooks inbox --show BODY` prints one as it came.")
