"""People whose windows close when a test needs it."""

from domain.guards import Guards
from factories import TIMING
from tasks.campaigns import start_campaign

# How long before its end a window counts as over for a plan.
RESERVE = TIMING.margin_seconds + TIMING.reserve_seconds

HOUR = 3600


def writes_so_that_it_closes(world, account, numbers, *, seconds):
    """Let people write at such a time that their last turn is over in so many seconds."""
    world.people_write(account, numbers, hours_ago=24 - (seconds + RESERVE) / HOUR)


def sent(world, campaign_id, number, *, mid):
    world.end(world.claim(campaign_id, number), outcome="accepted", state="sent", mid=mid)


def start(world, campaign_id, **guards):
    return start_campaign(world.connection, campaign_id, timing=TIMING, guards=Guards(**guards))


def sending(world, tmp_path, numbers, *, per_second=10.0, seconds=20.5):
    """A campaign that is being sent, to people whose windows all close in so many seconds."""
    account = world.account(per_second=per_second)
    writes_so_that_it_closes(world, account, numbers, seconds=seconds)
    campaign_id = world.submit_ids(tmp_path, numbers, account=account)
    start(world, campaign_id)
    return campaign_id
