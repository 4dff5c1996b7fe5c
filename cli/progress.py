"""Progress while a send works: a bar on a terminal, a line now and then elsewhere."""

import contextlib
import logging
import sys
import threading
from collections.abc import Iterator
from uuid import UUID

import click

_TERMINAL_SECONDS = 1.0
_PLAIN_SECONDS = 10.0


@contextlib.contextmanager
def shown_progress(url: str, submission_id: UUID, *, is_shown: bool) -> Iterator[None]:
    """Show on stderr how many messages of a submission have their outcome, until the block ends."""
    if not is_shown:
        yield
        return
    _tell_news()
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(url, submission_id, over), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join(timeout=5)
        if sys.stderr.isatty():
            click.echo("\r\033[K", nl=False, err=True)


def _tell_news() -> None:
    news = logging.getLogger("windowcast.news")
    news.setLevel(logging.INFO)
    news.propagate = False
    if not news.handlers:
        news.addHandler(logging.StreamHandler())


def _watch(url: str, submission_id: UUID, over: threading.Event) -> None:
    from clients.postgres import connect
    from domain.errors import CampaignError

    is_terminal = sys.stderr.isatty()
    while not over.wait(_TERMINAL_SECONDS if is_terminal else _PLAIN_SECONDS):
        # A look that fails is no news: the send itself says when Postgres is away.
        with contextlib.suppress(CampaignError), connect(url) as connection:
            line = _line(connection, submission_id)
            if line:
                click.echo(f"\r\033[K{line}" if is_terminal else line, nl=not is_terminal, err=True)


def _line(connection: object, submission_id: UUID) -> str:
    from domain.states import MessageState
    from tasks.campaigns import count_messages
    from tasks.submission import find_campaign_of

    campaign_id = find_campaign_of(connection, submission_id)  # type: ignore[arg-type]  # imported late: see the caller
    if campaign_id is None:
        return ""
    counts = count_messages(connection, [campaign_id])[campaign_id]  # type: ignore[arg-type]  # the same
    if not counts.rows:
        return ""
    sent = sum(counts.by_state[state] for state in (MessageState.SENT, MessageState.DELIVERED, MessageState.READ))
    left = counts.by_state[MessageState.READY] + counts.by_state[MessageState.SENDING]
    return f"{counts.rows} rows: {sent} sent, {left} to send, {counts.by_state[MessageState.FAILED]} failed"
