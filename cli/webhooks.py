"""`windowcast webhooks`: what the platform tells."""

import os
from typing import TYPE_CHECKING, Final

import click

from cli.output import print_json
from cli.session import json_option, session

if TYPE_CHECKING:
    import socket

    from web.connections import ConnectionLimits
    from web.receiver import Receiver

# What runs beside the receiver as a child process and applies what it stores.
RECONCILE: Final = ("webhooks", "reconcile", "--follow")


@click.group()
def webhooks() -> None:
    """Receive what the platform tells, and apply it."""


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
