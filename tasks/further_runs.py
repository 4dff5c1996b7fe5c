"""Further runs of a campaign: made by its first one on a Prefect server, they claim and send beside it."""

from typing import Any, Final
from uuid import UUID

from clients.postgres import Connection
from clients.prefect_server import (
    FURTHER,
    FURTHER_QUEUE,
    SEND,
    RunOrder,
    Server,
    cancel_waiting,
    list_waiting,
    make_run,
    open_server,
)
from clients.settings import Settings
from domain.run_names import send_name
from tasks.campaigns import get_campaign

# So often may the run of one place be over and made anew: a campaign that is resumed more often goes on with fewer.
_MOST_IN_A_PLACE: Final = 20


def make_further_runs(connection: Connection, campaign_id: UUID, *, shares: int, chosen: Settings) -> int:
    """See that a campaign has `shares` runs with the one that asks; return how many further ones it has.

    Each has a place, whose run a server gives back for as long as it waits or works. So a first run that is tried
    again, or two of them at once, never have more than were asked for. Raises what `make_run` and the door raise.
    """
    campaign = get_campaign(connection, campaign_id)
    with open_server() as client:
        filled = [
            _fill_place(client, campaign, place=place, shares=shares, chosen=chosen) for place in range(2, shares + 1)
        ]
    return sum(filled)


def end_waiting_runs(campaign_id: UUID) -> int:
    """Cancel the runs of a campaign that is over which still wait for a worker; raises what the door raises."""
    with open_server() as client:
        waiting = list_waiting(client, tag=f"campaign:{campaign_id}")
        return cancel_waiting(client, waiting, why="The campaign is over: others have sent what there was.")


def _fill_place(client: Server, campaign: dict[str, Any], *, place: int, shares: int, chosen: Settings) -> bool:
    name = send_name(campaign["name"], at=campaign["scheduled_at"], time_zone=chosen.time_zone)
    campaign_id = campaign["campaign_id"]
    for number in range(1, _MOST_IN_A_PLACE + 1):
        order = RunOrder(
            SEND,
            name=f"{name} (run {place} of {shares})",
            parameters={"campaign_id": str(campaign_id), "shares": 1},
            key=f"further:{campaign_id}:{place}:{number}",
            tags=(f"campaign:{campaign_id}", FURTHER),
            queue=FURTHER_QUEUE,
        )
        if make_run(client, order) is not None:
            return True
    return False
