"""Progress while a send works: a bar on a terminal, a line now and then elsewhere."""

import contextlib
import logging
import sys
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import UUID

import click

if TYPE_CHECKING:
    from clients.postgres import Connection

_TERMINAL_SECONDS = 1.0
_PLAIN_SECONDS = 10.0
_REST_SECONDS = 10.0
_PAUSE_PER_LOOK = 20


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
    rest = _Rest()
    while not over.wait(_TERMINAL_SECONDS if is_terminal else _PLAIN_SECONDS):
        # A look that fails is no news: the send itself says when Postgres is away.
        with contextlib.suppress(CampaignError), connect(url) as connection:
            line = _line(connection, submission_id, rest=rest)
            if line:
                click.echo(f"\r\033[K{line}" if is_terminal else line, nl=not is_terminal, err=True)


class _Rest:
    """What is left, in words, looked at again now and then: it costs a pass over all that is ready."""

    def __init__(self) -> None:
        self._words = ""
        self._next_at = 0.0

    def words(self, connection: "Connection", campaign_id: UUID) -> str:
        """Return the time left and the people at risk, as the end of a line."""
        began = time.monotonic()
        if began >= self._next_at:
            from clients.settings import settings
            from tasks.outlook import outlook_now
            from tasks.windows import timing_of

            remaining = outlook_now(connection, campaign_id, timing=timing_of(settings()))
            self._words = "" if not remaining.ready else f" · {remaining.sentence}"
            self._next_at = began + max(_REST_SECONDS, _PAUSE_PER_LOOK * (time.monotonic() - began))
        return self._words


def _line(connection: "Connection", submission_id: UUID, *, rest: _Rest) -> str:
    from domain.states import CampaignState, MessageState
    from tasks.campaigns import count_messages, get_campaign
    from tasks.submission import find_campaign_of

    campaign_id = find_campaign_of(connection, submission_id)
    if campaign_id is None:
        return ""
    counts = count_messages(connection, [campaign_id])[campaign_id]
    if not counts.rows:
        return ""
    sent = sum(counts.by_state[state] for state in (MessageState.SENT, MessageState.DELIVERED, MessageState.READ))
    line = f"{counts.rows} rows: {sent} sent, {counts.by_state[MessageState.FAILED]} failed"
    if get_campaign(connection, campaign_id)["state"] != CampaignState.SENDING:
        left = counts.by_state[MessageState.READY] + counts.by_state[MessageState.SENDING]
        return f"{line}, {left} to send"
    return line + rest.words(connection, campaign_id)
