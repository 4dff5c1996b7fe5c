"""A campaign that is ready, and a platform that is played, for the tests of sending."""

import asyncio
import time

from domain.outcome import Accepted
from factories import TIMING, user_id
from tasks.campaigns import schedule_campaign
from tasks.judging import make_messages
from tasks.recipients import read_list
from tasks.sending import send_share
from tasks.share import ShareOrder
from tasks.staging import find_row_problems, stage_list
from tasks.submission import find_target, open_campaign


class FakeMessenger:
    """A platform that answers what it is told, and remembers what it was asked."""

    def __init__(self, answer=None) -> None:
        self.posts: list[tuple[float, str, str]] = []
        self.usage = None
        self._answer = answer or (lambda person, count: Accepted(f"mid-{person}"))

    async def send(self, recipient_id, *, content, metadata):
        self.posts.append((time.monotonic(), recipient_id, metadata))
        outcome = self._answer(recipient_id, len(self.posts))
        await asyncio.sleep(0)
        return await outcome if asyncio.iscoroutine(outcome) else outcome


def make_campaign(world, tmp_path, *, people=range(20), per_second=None, hours_ago=1.0, **fields):
    account = fields.pop("account", None) or world.account(per_second=per_second)
    template = world.template(tmp_path, text="Hello!")
    if hours_ago is not None:
        world.people_write(account, people, hours_ago=hours_ago)
    submission = world.submission(account, template, user_ids=tuple(user_id(n) for n in people), **fields)
    target = find_target(world.connection, submission)
    given = read_list(submission, folder=tmp_path)
    campaign_id = open_campaign(world.connection, submission, target=target, sha256=given.sha256)
    can_judge = stage_list(world.connection, campaign_id, target=target, given=given)
    find_row_problems(world.connection, campaign_id, template=template)
    make_messages(world.connection, campaign_id, target=target, given=given, can_judge=can_judge)
    schedule_campaign(world.connection, campaign_id)
    return campaign_id, account, template


def order_of(campaign_id, account, template, **fields):
    return ShareOrder(campaign_id=campaign_id, account=account, template=template, timing=TIMING, **fields)


async def send(database, messenger, order, **fields):
    return await asyncio.wait_for(send_share(database, messenger, order=order, **fields), timeout=90)
