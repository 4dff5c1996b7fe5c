"""`windowcast worker`: a worker of one pool, for machines that have nothing else; it ends in good order."""

import os
import shlex
import signal
import sys
from collections.abc import Sequence
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
    # Of the pools that `windowcast deploy` makes (deployments/deploy.py): a run's one process.
    "WINDOWCAST_RUN_COMMAND": shlex.join([sys.executable, "-m", "deployments.prefect_run"]),
}


def worker_command(
    name: str, *, pool: str, worker_name: str | None = None, queues: Sequence[str] = (), limit: int | None = None
) -> Command:
    """Return the child that is a worker of a pool; of all its queues, and of any number of runs, unless given."""
    words = [sys.executable, "-m", "deployments.prefect_worker", "start", "--pool", pool]
    if worker_name:
        words += ["--name", worker_name]
    for queue in queues:
        words += ["--work-queue", queue]
    if limit is not None:
        words += ["--limit", str(limit)]
    return Command(name, tuple(words))


@click.command()
@click.option("--pool", default="windowcast", show_default=True, help="The pool whose runs it takes.")
@click.option("--name", help="What the server's pages call it; Prefect makes up a name if not given.")
@click.option("--work-queue", "queues", multiple=True, help="A queue of the pool; all of them if not given.")
@click.option("--limit", type=click.IntRange(min=1), help="How many runs it takes at once; any number if not given.")
def worker(*, pool: str, name: str | None, queues: tuple[str, ...], limit: int | None) -> int:
    """Take the runs of a pool of the server of PREFECT_API_URL, until Ctrl-C or SIGTERM.

    Its flows then finish what they have begun and give the rest back; Prefect's own worker would kill them.
    """
    from clients.prefect_server import require_pool

    require_pool(pool, queues=queues)
    children = Children({**SETTINGS, **os.environ})
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: children.stop.set())
    try:
        children.start(worker_command("worker", pool=pool, worker_name=name, queues=queues, limit=limit))
        children.watch()
    finally:
        say("Stopping; what is under way is finished first.")
        children.stop_all(first=["worker"])
    return 0
