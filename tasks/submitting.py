"""A submit in this process, without Prefect: the steps of the flow `submit_campaign`, in the same order."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from clients.postgres import Connection
from clients.settings import Settings
from domain.states import CampaignState
from domain.submission import Submission
from tasks.campaigns import get_campaign
from tasks.intake import admit, check_list, take_list
from tasks.judging import make_messages
from tasks.mapped_interactions import read_all
from tasks.planning import plan_sentences
from tasks.running import run_campaign, stop_on_signals, unfinished
from tasks.runs import recorded_run
from tasks.submission import find_target
from tasks.windows import guards_of, timing_of


def submit_here(connection: Connection, url: str, submission: Submission, *, chosen: Settings) -> None:
    """Read and check a list, admit its campaign, wait for its time if it has one, and send it in this process.

    Raises the errors of the steps, and UnfinishedError or ServiceAwayError with a sentence when messages are left.
    """
    started = time.monotonic()
    # Outside the event loop, where Ctrl-C could not interrupt it.
    campaign_id, state = ingest(connection, url, submission, chosen=chosen)
    seconds_ago = time.monotonic() - started

    async def admit_and_send() -> None:
        async with recorded_run(campaign_id, flow="submit-campaign", seconds_ago=seconds_ago):
            admitted = state
            if state is CampaignState.VALIDATED:
                admitted, _ = admit_submission(connection, submission, campaign_id, chosen=chosen)
            if admitted is CampaignState.SCHEDULED:
                await _send(url, campaign_id, chosen=chosen)

    asyncio.run(admit_and_send())


def ingest(connection: Connection, url: str, submission: Submission, *, chosen: Settings) -> tuple[UUID, CampaignState]:
    """Read the list, check it by SQL and by its suite, and make every row a message; return its campaign and state."""
    with upload_folder(chosen) as folder:
        target = find_target(connection, submission)
        read_all(connection, chosen)
        campaign_id, given = take_list(connection, submission, target=target, folder=folder, guards=guards_of(chosen))
        can_judge = check_list(connection, campaign_id, target=target, given=given)
        return campaign_id, make_messages(
            connection, campaign_id, target=target, given=given, can_judge=can_judge, suite_url=url
        )


def admit_submission(
    connection: Connection, submission: Submission, campaign_id: UUID, *, chosen: Settings
) -> tuple[CampaignState, list[str]]:
    """Let a validated campaign start at its time or after an approval; return its state, and its plan in sentences.

    Raises NobodyEligibleError, refusing the campaign, when nobody can be reached.
    """
    target = find_target(connection, submission)
    outlook = admit(connection, campaign_id, target=target, timing=timing_of(chosen), guards=guards_of(chosen))
    state = CampaignState(get_campaign(connection, campaign_id)["state"])
    return state, plan_sentences(outlook, account=target.account)


async def _send(url: str, campaign_id: UUID, *, chosen: Settings) -> None:
    async with stop_on_signals() as stop, recorded_run(campaign_id, flow="campaigns run"):
        end = await run_campaign(url, campaign_id, chosen=chosen, stop=stop, waits=True)
        problem = unfinished(url, campaign_id, end=end)
        if problem is not None:
            raise problem


@contextmanager
def upload_folder(chosen: Settings) -> Iterator[Path]:
    """Create a folder for one reading, where uploads under way lie, and remove it."""
    uploads = chosen.home / "uploads"
    uploads.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=uploads) as folder:
        yield Path(folder)
