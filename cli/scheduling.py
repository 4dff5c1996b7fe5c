"""A timed campaign on a Prefect server: a scheduled run of the deployment `send-campaign`."""

from datetime import datetime
from typing import Final
from uuid import UUID

from domain.errors import UsageError

_DEPLOYMENT: Final = "send-campaign/send-campaign"


async def schedule_run(campaign_id: UUID, *, at: datetime) -> None:
    """Make a run of `send-campaign` for a campaign at its time; making it twice makes it once.

    Raises UsageError when the server has no such deployment: the campaign stays scheduled and can be run by hand.
    """
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound
    from prefect.states import Scheduled

    async with get_client() as client:
        try:
            deployment = await client.read_deployment_by_name(_DEPLOYMENT)
        except ObjectNotFound:
            raise UsageError(
                f"The Prefect server has no deployment {_DEPLOYMENT}, so nothing would start the campaign; it stays "
                f"scheduled: `windowcast campaigns run {campaign_id} --wait` waits for its time here."
            ) from None
        await client.create_flow_run_from_deployment(
            deployment.id,
            name=f"send {campaign_id}",
            parameters={"campaign_id": str(campaign_id)},
            state=Scheduled(scheduled_time=at),
            idempotency_key=f"campaign:{campaign_id}:1",
        )
