"""Running a campaign here: start it when its time has come, send its shares, close it, and say what is left."""

import asyncio
import logging
import math
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from clients.graph.messenger import AccountCheck, GraphMessenger, Route
from clients.postgres import Connection, connect, database_url
from clients.settings import Settings, settings
from domain.account import Account
from domain.errors import CampaignError, ConfigurationError, ServiceAwayError, StoppedError, UnfinishedError
from domain.states import CampaignState, MessageState
from tasks.accounts import account_token, find_account
from tasks.campaigns import close_campaign, count_messages, get_campaign, seconds_until_start, start_campaign
from tasks.database import ensure_schema, unfit_for_sending
from tasks.mapped_interactions import kept_read, read_all
from tasks.outlook import watched
from tasks.sending import send_share
from tasks.share import ShareEnd, ShareOrder, ShareReport
from tasks.templates import get_template
from tasks.unknowns import resolve_unknowns
from tasks.windows import guards_of, timing_of

logger = logging.getLogger("windowcast.running")

# One share: what one Prefect task sends. At 40 a second, two minutes of sending.
SHARE_MESSAGES: Final = 5_000
# At the end of a run the look-ups of what is unknown may take this long; the sweep and the next run go on with them.
LOOK_UP_SECONDS: Final = 10.0
_POLL_SECONDS: Final = 1.0
_MOST_EARLY_SECONDS: Final = 60.0

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_STOP: ContextVar[asyncio.Event | None] = ContextVar("stop", default=None)


@dataclass(frozen=True)
class RunEnd:
    """How a run ended: the campaign's state, and what the last share said."""

    state: CampaignState
    report: ShareReport


@contextmanager
def open_database() -> Iterator[tuple[Connection, str]]:
    """Open the installation's database, with its schema; return a connection and the URL.

    The embedded server is started if need be. Raises ServiceAwayError and ConfigurationError.
    """
    chosen = settings()
    url = database_url(chosen)
    with connect(url) as connection:
        ensure_schema(connection, embedded=chosen.database_url is None)
        yield connection, url


@asynccontextmanager
async def stop_on_signals() -> AsyncIterator[asyncio.Event]:
    """Let Ctrl-C and SIGTERM end a send in good order: what has begun is finished, the rest goes back to ready.

    Within it, `asked_to_stop` is the event that the signals set. Outside the main thread no signals can be taken.
    """
    stop = asyncio.Event()
    token = _STOP.set(stop)
    loop = asyncio.get_running_loop()
    is_main = threading.current_thread() is threading.main_thread()
    for number in _SIGNALS if is_main else ():
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in _SIGNALS if is_main else ():
            loop.remove_signal_handler(number)
        _STOP.reset(token)


def asked_to_stop() -> asyncio.Event:
    """Return the event of the surrounding `stop_on_signals`, or one that nobody sets."""
    return _STOP.get() or asyncio.Event()


async def run_campaign(
    url: str, campaign_id: UUID, *, chosen: Settings, stop: asyncio.Event, waits: bool = False
) -> RunEnd:
    """Start or carry on with a campaign and send until nothing more can be sent now.

    With `waits` a timed one is waited for. Raises UnfinishedError before its time or while it is paused, and what
    `run_share` raises.
    """
    if waits:
        await wait_for_start(url, campaign_id, stop=stop)
    report = await _send_what_is_ready(url, campaign_id, chosen=chosen, stop=stop)
    finish(url, campaign_id)
    while await resolve_at_end(url, campaign_id, chosen=chosen, stop=stop):
        report = await _send_what_is_ready(url, campaign_id, chosen=chosen, stop=stop)
        finish(url, campaign_id)
    return RunEnd(finish(url, campaign_id), report)


async def _send_what_is_ready(url: str, campaign_id: UUID, *, chosen: Settings, stop: asyncio.Event) -> ShareReport:
    """Send share by share until nothing more can be sent now; return what the last share said."""
    report = ShareReport()
    if begin(url, campaign_id, chosen=chosen):
        async with watched(url, campaign_id, timing=timing_of(chosen)), kept_read(url, chosen=chosen):
            while (report := await run_share(url, campaign_id, chosen=chosen, stop=stop)).end is ShareEnd.LIMIT_REACHED:
                pass
    return report


async def resolve_at_end(url: str, campaign_id: UUID, *, chosen: Settings, stop: asyncio.Event) -> bool:
    """Look up what of a campaign is unknown and past its grace, for a few seconds at most.

    Returns whether something of it is ready again and can be sent now (policy B). A look-up that goes wrong never
    spoils the run: what is unknown stays so.
    """
    if stop.is_set():
        return False
    with connect(url) as connection:
        account = find_account(connection, get_campaign(connection, campaign_id)["account"])
    try:
        report = await resolve_unknowns(
            url, account, chosen=chosen, limit_seconds=LOOK_UP_SECONDS, campaign_id=campaign_id, stop=stop
        )
    except CampaignError as error:
        logger.warning("look-ups ended early: %s", error, extra={"campaign_id": str(campaign_id)})
        return False
    return report.ready_again > 0


async def wait_for_start(url: str, campaign_id: UUID, *, stop: asyncio.Event, most_seconds: float = math.inf) -> None:
    """Sleep until a campaign's time has come on the one clock, looking again every second, or until `stop` is set.

    When it is more than `most_seconds` ahead, because somebody has moved it meanwhile, it is not waited for.
    """
    while not stop.is_set():
        with connect(url) as connection:
            left = seconds_until_start(connection, campaign_id)
        if left <= 0 or left > most_seconds:
            return
        await asyncio.sleep(min(left, _POLL_SECONDS))


async def begin_in_time(url: str, campaign_id: UUID, *, chosen: Settings, stop: asyncio.Event) -> bool:
    """Start a campaign whose time has come or comes within a minute: a server's runs start a little early at times.

    Returns whether there is anything to send. Raises UnfinishedError when it may not start now.
    """
    await wait_for_start(url, campaign_id, stop=stop, most_seconds=_MOST_EARLY_SECONDS)
    return begin(url, campaign_id, chosen=chosen)


def begin(url: str, campaign_id: UUID, *, chosen: Settings) -> bool:
    """Start a campaign; return whether there is anything to send. Raises UnfinishedError when it may not start now."""
    with connect(url) as connection:
        read_all(connection, chosen)
        return start_campaign(connection, campaign_id, timing=timing_of(chosen), guards=guards_of(chosen))


async def run_share(url: str, campaign_id: UUID, *, chosen: Settings, stop: asyncio.Event) -> ShareReport:
    """Send one share of a campaign that is sending.

    Raises ConfigurationError without a token or with a test's clock and a platform that is not on this machine, and
    ServiceAwayError when Postgres stays away.
    """
    with connect(url) as connection:
        campaign = get_campaign(connection, campaign_id)
        account = find_account(connection, campaign["account"])
        order = ShareOrder(
            campaign_id=campaign_id,
            account=account,
            template=get_template(connection, campaign["template_id"]),
            timing=timing_of(chosen),
            limit=SHARE_MESSAGES,
            in_flight=chosen.in_flight,
            patience_seconds=chosen.database_patience_seconds,
            error_share_limit=chosen.error_share_limit,
        )
        unfit = unfit_for_sending(connection)
        if unfit is not None:
            _refuse_far_platform(chosen.graph_url, why=unfit)
    async with open_messenger(account, chosen=chosen) as messenger:
        return await send_share(url, messenger, order=order, stop=stop)


def open_messenger(account: Account, *, chosen: Settings) -> GraphMessenger:
    """Make the door to the account's platform. Raises ConfigurationError without a token."""
    timing = timing_of(chosen)
    route = Route(
        channel=account.channel,
        external_id=account.external_id,
        page_id=account.page_id,
        token=account_token(account),
    )
    return GraphMessenger(
        route,
        base_url=chosen.graph_url,
        version=chosen.graph_version,
        read_timeout_seconds=timing.read_timeout_seconds,
        connect_timeout_seconds=timing.connect_timeout_seconds,
        connections=chosen.in_flight,
    )


async def check_token(account: Account, *, chosen: Settings) -> AccountCheck:
    """Ask the platform whose token it is that the account has. Raises ConfigurationError without one."""
    async with open_messenger(account, chosen=chosen) as messenger:
        return await messenger.check()


def finish(url: str, campaign_id: UUID) -> CampaignState:
    """Close a campaign if nothing of it is left; return its state."""
    with connect(url) as connection:
        return close_campaign(connection, campaign_id)


def unfinished(url: str, campaign_id: UUID, *, end: RunEnd) -> CampaignError | None:
    """Say in one sentence what keeps a campaign from being finished; None when it is."""
    if end.state in (CampaignState.FINISHED, CampaignState.CANCELLED):
        return None
    with connect(url) as connection:
        campaign = get_campaign(connection, campaign_id)
        left = count_messages(connection, [campaign_id])[campaign_id].by_state
    rest = f"{left[MessageState.READY]} messages are still ready and nothing was lost"
    again = f"`windowcast campaigns run {campaign_id}` goes on"
    match end.report.end:
        case ShareEnd.PLATFORM_AWAY:
            return ServiceAwayError(
                f"The platform does not answer ({end.report.detail}); {rest}: {again} when it is back."
            )
        case ShareEnd.PAUSED if campaign["pause_reason"] == "account_paused":
            return UnfinishedError(
                f"The account {campaign['account']} is paused ({end.report.detail}); {rest}: "
                f"`windowcast accounts resume {campaign['account']}` and then {again}."
            )
        case ShareEnd.PAUSED:
            return UnfinishedError(
                f"The campaign {campaign['name']} is {campaign['state']}; {rest}: `windowcast campaigns resume "
                f"{campaign_id}` and then {again}."
            )
        case ShareEnd.STOPPED:
            return StoppedError(f"Stopped as asked; {rest}: {again}.")
        case _:
            why = f" ({end.report.detail})" if end.report.detail else ""
            return UnfinishedError(f"Nothing more can be sent within a minute{why}; {rest}: {again}.")


def _refuse_far_platform(graph_url: str, *, why: str) -> None:
    host = urlsplit(graph_url).hostname or ""
    if host == "localhost":
        return
    try:
        is_near = ip_address(host).is_loopback
    except ValueError:
        is_near = False
    if not is_near:
        raise ConfigurationError(
            f"{why}, so nothing is sent to a real platform; mend that, or set WINDOWCAST_GRAPH_URL to this machine (it "
            f"is {graph_url})."
        )
