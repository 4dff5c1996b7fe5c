"""Private replies: a comment or a post allows one message to a person without an open window, over all campaigns."""

import asyncio
import json
import uuid
from datetime import timedelta

import pytest

from clients.postgres import connect
from domain.errors import NobodyEligibleError
from domain.evidence import DecisionKind
from domain.outcome import Accepted, ProviderAnswer, Refused, Unknown
from domain.reasons import Reason
from domain.template import Channel
from domain.window import Entitlement, InteractionKind
from factories import TIMING, user_id
from sql import query
from tasks.accounts import set_cap
from tasks.campaigns import start_campaign
from tasks.database import broken_promises
from tasks.decisions import Author, decide
from tasks.interactions import Interaction, store_interactions
from tasks.messages import list_messages
from tasks.receipts import store_receipt
from tasks.reconcile import reconcile_inbox
from tasks.sending import send_share
from tasks.share import ShareOrder
from tasks.suppressions import add_suppressions
from tasks.templates import get_template
from tasks.windows import claim_parameters, foretell, read_clock


class ReplyingMessenger:
    """A platform that takes everything, or answers every private reply in one way, and remembers what it was asked."""

    def __init__(self, answer=None) -> None:
        self.sent, self.replied, self.usage, self._answer = [], [], None, answer

    async def send(self, recipient_id, *, content, metadata):
        self.sent.append(recipient_id)
        return Accepted(f"mid-{metadata}")

    async def reply(self, entitlement, *, content, metadata):
        self.replied.append(entitlement)
        return self._answer or Accepted(f"mid-{metadata}")


def comments(world, account, numbers, *, hours_ago=1.0, kind=InteractionKind.COMMENT, name="comment"):
    """Let people comment, as an import of interactions tells of it."""
    at = read_clock(world.connection) - timedelta(hours=hours_ago)
    told = [Interaction(account.account_id, user_id(n), kind, at, f"{name}-{n}") for n in numbers]
    store_interactions(world.connection, told, timing=TIMING)


def started(world, tmp_path, account, numbers, **fields):
    campaign_id = world.submit_ids(tmp_path, numbers, account=account, **{"private_replies": True, **fields})
    start_campaign(world.connection, campaign_id, timing=TIMING)
    return campaign_id


def claim(connection, campaign_id, *, most=10):
    """Claim once, as a sender does; return the intents."""
    parameters = {"campaign_ids": [campaign_id], "mosts": [most], "are_media": [False], "worker": "test"}
    parameters |= {"media_gap_seconds": 0.1, "aheads": [0.1], "attempt_ids": [uuid.uuid4() for _ in range(most)]}
    return connection.execute(query("messages/claim"), {**parameters, **claim_parameters(TIMING)}).fetchall()


def free_lane(world):
    """Let the seconds pass that lie between two private replies of an account."""
    world.connection.execute("UPDATE pace SET reply_next_slot_at = 'epoch'")


async def send(world, database, account, campaign_id, messenger):
    row = world.connection.execute("SELECT template_id FROM campaign WHERE campaign_id = %s", [campaign_id]).fetchone()
    template = get_template(world.connection, row["template_id"])
    order = ShareOrder(campaign_id=campaign_id, account=account, template=template, timing=TIMING)
    return await asyncio.wait_for(send_share(database, messenger, order=order), timeout=60)


@pytest.mark.parametrize("channel", list(Channel))
async def test_who_has_no_window_is_sent_to_by_the_comment_and_who_has_one_as_ever(world, database, tmp_path, channel):
    account = world.account(channel=channel)
    world.people_write(account, [1])
    comments(world, account, [1, 2])
    template = world.template(tmp_path, text="Hello!", channel=channel)
    people = tuple(map(user_id, (1, 2, 3)))
    submission = world.submission(account, template, user_ids=people, private_replies=True)
    campaign_id = world.submit(submission, tmp_path)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    messenger = ReplyingMessenger()

    await send(world, database, account, campaign_id, messenger)

    assert messenger.sent == [user_id(1)]
    assert messenger.replied == [Entitlement("comment-2", InteractionKind.COMMENT)]
    assert world.verdicts(campaign_id) == {1: "sent", 2: "sent", 3: "ineligible/never_interacted"}
    rights = [row["sent_by"] for row in list_messages(world.connection, campaign_id)]
    assert rights == ["window", "private reply", None]
    assert broken_promises(world.connection) == {}


def test_without_the_wish_no_comment_is_used(world_18, tmp_path):
    account = world_18.account()
    comments(world_18, account, [1])

    with pytest.raises(NobodyEligibleError):
        world_18.submit_ids(tmp_path, [1], account=account)


def test_a_post_of_a_visitor_is_answered_too_and_an_id_that_we_made_up_is_not(world_18, tmp_path):
    account = world_18.account()
    comments(world_18, account, [1], kind=InteractionKind.VISITOR_POST, name="post")
    comments(world_18, account, [2], name="derived:")
    campaign_id = started(world_18, tmp_path, account, [1, 2])

    (intent,) = claim(world_18.connection, campaign_id)

    assert (intent["entitlement_id"], intent["entitlement_kind"]) == ("post-1", "visitor_post")
    assert world_18.verdicts(campaign_id)[2] == "ineligible/never_interacted"


def test_the_plan_says_how_many_are_reached_by_private_reply(world_18, tmp_path):
    account = world_18.account(per_second=40)
    world_18.people_write(account, [1, 2])
    comments(world_18, account, [2, 3, 4, 5], hours_ago=30)
    campaign_id = world_18.submit_ids(tmp_path, range(1, 7), account=account, private_replies=True)

    outlook = foretell(world_18.connection, campaign_id, account=account, at=None, timing=TIMING)

    assert outlook.by_private_reply == 3
    assert (outlook.forecast.eligible_now, outlook.forecast.closing_before_turn) == (5, 0)


def test_a_reply_is_valid_for_seven_days_less_the_margin(world_18, tmp_path):
    account = world_18.account()
    spare = (TIMING.margin_seconds + TIMING.reserve_seconds) / 3600
    comments(world_18, account, [1], hours_ago=7 * 24 - spare / 2)
    comments(world_18, account, [2], hours_ago=7 * 24 - spare - 0.01)
    campaign_id = started(world_18, tmp_path, account, [1, 2])

    (intent,) = claim(world_18.connection, campaign_id)

    assert intent["user_id"] == user_id(2)
    assert world_18.verdicts(campaign_id) == {1: "ineligible/never_interacted", 2: "sending"}
    assert broken_promises(world_18.connection) == {}


def test_a_comment_that_was_taken_back_and_a_person_who_opted_out_are_left_in_peace(world_18, tmp_path):
    account = world_18.account()
    comments(world_18, account, [1, 2, 3])
    campaign_id = started(world_18, tmp_path, account, [1, 2, 3])
    world_18.connection.execute("UPDATE entitlement SET removed_at = clock() WHERE object_id = 'comment-1'")
    add_suppressions(world_18.connection, account, user_ids=[user_id(2)], source="test")

    (intent,) = claim(world_18.connection, campaign_id)

    assert intent["user_id"] == user_id(3)


def test_the_cap_of_the_account_counts_for_private_replies(world_18, tmp_path):
    account = world_18.account()
    set_cap(world_18.connection, account, messages=1, hours=24)
    comments(world_18, account, [1])
    world_18.people_write(account, [1], hours_ago=1)
    first = started(world_18, tmp_path, account, [1])
    (intent,) = claim(world_18.connection, first)
    world_18.end(intent["attempt_id"], outcome="accepted", state="sent", mid="m-1")
    world_18.connection.execute("DELETE FROM last_interaction")
    second = started(world_18, tmp_path, account, [1])

    assert claim(world_18.connection, second) == []
    assert world_18.verdicts(second) == {1: "ready"}  # its comment outlasts the cap


def test_two_campaigns_that_claim_at_once_use_a_comment_once(world_18, database_18, tmp_path):
    account = world_18.account()
    comments(world_18, account, [1])
    first, second = (started(world_18, tmp_path, account, [1]) for _ in range(2))

    with connect(database_18) as rival, world_18.connection.transaction():
        taken = claim(world_18.connection, first)
        rival.execute("SET lock_timeout = '300ms'")
        with pytest.raises(Exception, match="lock timeout"):
            claim(rival, second)

    free_lane(world_18)
    assert [intent["entitlement_id"] for intent in taken] == ["comment-1"]
    assert claim(world_18.connection, second) == []
    assert broken_promises(world_18.connection) == {}


async def test_two_senders_of_two_campaigns_answer_a_comment_once_and_the_other_is_told_why(world, database, tmp_path):
    account = world.account()
    comments(world, account, [1])
    campaigns = [started(world, tmp_path, account, [1]) for _ in range(2)]
    messenger = ReplyingMessenger()

    await asyncio.gather(*(send(world, database, account, one, messenger) for one in campaigns))

    assert len(messenger.replied) == 1
    verdicts = sorted(world.verdicts(one)[1] for one in campaigns)
    assert verdicts == ["expired/comment_invalid", "sent"]
    assert broken_promises(world.connection) == {}


def test_private_replies_of_an_account_keep_a_lane_of_their_own(world_18, tmp_path):
    account = world_18.account(per_second=40)
    world_18.people_write(account, [1, 2])
    comments(world_18, account, [3, 4])
    campaign_id = started(world_18, tmp_path, account, [1, 2, 3, 4])

    first = claim(world_18.connection, campaign_id)
    second = claim(world_18.connection, campaign_id)
    free_lane(world_18)
    third = claim(world_18.connection, campaign_id)

    assert {intent["user_id"] for intent in first} == {user_id(1), user_id(2), user_id(3)}
    assert second == []
    assert [intent["user_id"] for intent in third] == [user_id(4)]


def test_what_is_unknown_keeps_its_comment_until_it_is_called_absent(world_18, tmp_path):
    account = world_18.account()
    comments(world_18, account, [1])
    first = started(world_18, tmp_path, account, [1])
    (intent,) = claim(world_18.connection, first)
    world_18.connection.execute("UPDATE attempt SET lease_until = clock() - interval '1 s'")
    world_18.connection.execute(query("attempts/rescue"))  # its sender was killed between intent and POST
    second = started_if_anybody(world_18, tmp_path, account)
    free_lane(world_18)

    assert world_18.verdicts(first) == {1: "unknown/no_answer"}
    assert second is None
    assert world_18.connection.execute(query("attempts/settle")).fetchone()["settled_count"] == 0

    author = Author("a test", "seen in the inbox")
    decide(world_18.connection, intent["message_id"], kind=DecisionKind.ABSENT, author=author, timing=TIMING)
    (again,) = claim(world_18.connection, first)

    assert again["entitlement_id"] == "comment-1"
    assert broken_promises(world_18.connection) == {}


def started_if_anybody(world, tmp_path, account):
    try:
        return started(world, tmp_path, account, [1])
    except NobodyEligibleError:
        return None


def test_an_echo_proves_a_private_reply_whatever_id_the_platform_gives_the_person(world_18, tmp_path):
    account = world_18.account()
    comments(world_18, account, [1])
    campaign_id = started(world_18, tmp_path, account, [1])
    (intent,) = claim(world_18.connection, campaign_id)
    world_18.end(intent["attempt_id"], outcome="unknown", state="unknown", reason="no_answer")
    message = {"is_echo": True, "mid": "m_1", "metadata": str(intent["attempt_id"])}
    event = {"sender": {"id": account.external_id}, "recipient": {"id": "777"}, "timestamp": 1, "message": message}
    body = {"object": "page", "entry": [{"id": account.external_id, "time": 1, "messaging": [event]}]}

    store_receipt(world_18.connection, json.dumps(body).encode())
    reconcile_inbox(world_18.connection, timing=TIMING)

    assert world_18.verdicts(campaign_id) == {1: "sent"}
    assert broken_promises(world_18.connection) == {}


async def test_a_comment_that_the_platform_calls_invalid_is_used_up(world, database, tmp_path):
    account = world.account()
    comments(world, account, [1])
    campaign_id = started(world, tmp_path, account, [1])
    refusal = Refused(Reason.COMMENT_INVALID, ProviderAnswer(100, 2534025))

    await send(world, database, account, campaign_id, ReplyingMessenger(refusal))

    assert world.verdicts(campaign_id) == {1: "failed/comment_invalid"}
    assert started_if_anybody(world, tmp_path, account) is None


def test_who_comments_while_waited_for_is_recovered(world_18, tmp_path):
    account = world_18.account()
    world_18.people_write(account, [1])
    until = read_clock(world_18.connection) + timedelta(hours=6)
    campaign_id = started(world_18, tmp_path, account, [1, 2], hold_until=until)
    assert world_18.verdicts(campaign_id) == {1: "ready", 2: "ineligible/never_interacted"}

    comments(world_18, account, [2], hours_ago=0)

    assert {intent["user_id"] for intent in claim(world_18.connection, campaign_id)} == {user_id(1), user_id(2)}


def test_a_window_that_opens_meanwhile_is_used_and_one_that_closes_leaves_the_comment(world_18, tmp_path):
    account = world_18.account()
    comments(world_18, account, [1])
    world_18.people_write(account, [2], hours_ago=23)
    comments(world_18, account, [2])
    campaign_id = started(world_18, tmp_path, account, [1, 2])
    world_18.people_write(account, [1], hours_ago=0)
    world_18.connection.execute(
        "UPDATE last_interaction SET opener_at = opener_at - interval '2 h' WHERE user_id = %s", [user_id(2)]
    )
    world_18.connection.execute("UPDATE message_list SET closes_at = closes_at - interval '2 h' WHERE row_number = 2")

    parameters = {"campaign_ids": [campaign_id], "most": 100, **claim_parameters(TIMING)}
    closed = world_18.connection.execute(query("messages/close_turns"), parameters).fetchone()
    rights = {row["user_id"]: row["entitlement_id"] for row in claim(world_18.connection, campaign_id)}

    assert closed["moved_count"] == 0
    assert rights == {user_id(1): None, user_id(2): "comment-2"}


async def test_an_unclear_answer_to_a_private_reply_is_not_repeated(world, database, tmp_path):
    account = world.account()
    comments(world, account, [1])
    campaign_id = started(world, tmp_path, account, [1])
    messenger = ReplyingMessenger(Unknown(Reason.NO_ANSWER, ProviderAnswer(text="reset")))

    await send(world, database, account, campaign_id, messenger)
    free_lane(world)
    await send(world, database, account, campaign_id, messenger)

    assert len(messenger.replied) == 1
    assert world.verdicts(campaign_id) == {1: "unknown/no_answer"}
