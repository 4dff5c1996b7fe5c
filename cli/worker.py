"""`windowcast worker`: a worker of one pool, for machines that have nothing else; it ends in good order."""

import os
import signal
import sys
from typing import Final

import click

from cli.children import Children, Command
from cli.output import say

# Measured: a worker that polls every ten seconds, as is usual, is most of what a person waits for.
SETTINGS: Final = {
    "DO_NOT_TRACK": "1",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_WORKER_QUERY_SECONDS": "1",
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
}


def worker_command(name: str, *, pool: str, worker_name: str | None = None) -> Command:
    """Return the child that is a worker of a pool."""
    called = ("--name", worker_name) if worker_name else ()
    return Command(name, (sys.executable, "-m", "prefect", "worker", "start", "--pool", pool, *called))


@click.command()
@click.option("--pool", default="windowcast", show_default=True, help="The pool whose runs it takes.")
@click.option("--name", help="What the server's pages call it; Prefect makes up a name if not given.")
def worker(*, pool: str, name: str | None) -> int:
    """Take the runs of a pool of the server of PREFECT_API_URL, until Ctrl-C or SIGTERM.

    Its flows then finish what they have begun and give the rest back; Prefect's own worker would kill them.
    """
    from clients.prefect_server import require_pool

    require_pool(pool)
    children = Children({**SETTINGS, **os.environ})
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: children.stop.set())
    try:
        children.start(worker_command("worker", pool=pool, worker_name=name))
        children.watch()
    finally:
        say("Stopping; what is under way is finished first.")
        children.stop_all(first=["worker"])
    return 0
