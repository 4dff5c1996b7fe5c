"""How a run ends: with one sentence that says what a person should do, and with people told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self
from uuid import UUID

from prefect.states import Failed

from domain.errors import CampaignError, StoppedError
from domain.server_run import STOPPED
from flows.steps.server_runs import own_run_id
from flows.steps.telling import tell_of_campaign

if TYPE_CHECKING:
    from prefect import State


class PlainFailure:
    """Turns what is wrong with the world into the state of a server's run, whose message is its sentence alone.

    A command gets the error itself. A bug stays one, with its trace.
    """

    def __init__(self) -> None:
        self.state: State[str] = Failed(message="The run ended and gave no reason.")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, CampaignError) or own_run_id() is None:
            return False
        name = STOPPED if isinstance(error, StoppedError) else "Failed"
        self.state = Failed(name=name, message=str(error))
        return True


@asynccontextmanager
async def told_of(campaign_id: UUID) -> AsyncIterator[None]:
    """Tell people what has become of a campaign when the block is over, however it ended."""
    try:
        yield
    except CampaignError:
        await tell_of_campaign(campaign_id)
        raise
    await tell_of_campaign(campaign_id)
