"""What people and the platform do beside receipts: windows, opt-outs, comments, policies, accounts."""

import json
from datetime import timedelta

from domain.receipts import BLOCKED, MARKETING_STOP
from domain.sweep import SweepCode
from domain.template import Channel
from events import DAY, MINUTE, SECOND, Platform, milliseconds
from factories import TIMING, user_id
from tasks.accounts import find_account, resume_account
from tasks.campaigns import start_campaign
from tasks.database import broken_promises
from tasks.interactions import list_interactions
from tasks.receipts import list_unknown_accounts, store_receipt
from tasks.reconcile import reconcile_inbox
from tasks.suppressions import add_suppressions, list_suppressions
from tasks.sweep import sweep
from tasks.windows import read_clock


def test_p15_replayed_and_future_dated_webhooks_open_nothing_ever(scene):
    at = scene.at
    scene.answer_all()
    old, ahead = scene.platform.wrote(7, at - 2 * DAY), scene.platform.wrote(8, at + 10 * MINUTE)
    scene.tell(old, ahead, scene.platform.wrote(9, at + 30 * SECOND))
    scene.reconcile()
    openers = scene.openers()
    assert (openers[user_id(7)][0], user_id(8) in openers) == (-2 * DAY, False)

    scene.world.put_clock_ahead(minutes=20)
    scene.tell(old, ahead)
    scene.tell(*[scene.platform.echo(8, at + n, mid="x") for n in range(2)], scene.platform.read(8, at, watermark=at))
    scene.reconcile()

    assert scene.openers() == openers
    shown = list_interactions(scene.connection, scene.account, user_id=user_id(8), most=5)
    assert [(row["kind"], row["event_id"]) for row in shown] == [("message", f"wrote-8-{at + 10 * MINUTE}")]
    assert broken_promises(scene.connection) == {}


def test_whoever_writes_is_recovered_and_has_a_later_turn(world_18, tmp_path):
    account = world_18.account()
    world_18.people_write(account, [1], hours_ago=30)
    world_18.people_write(account, [2], hours_ago=20)
    until = read_clock(world_18.connection) + timedelta(hours=6)
    campaign_id = world_18.submit_ids(tmp_path, [1, 2], account=account, hold_until=until)
    start_campaign(world_18.connection, campaign_id, timing=TIMING)
    at, platform = milliseconds(read_clock(world_18.connection)), Platform(account)

    store_receipt(world_18.connection, platform.body(platform.wrote(1, at), platform.tapped(2, at)))
    reconcile_inbox(world_18.connection, timing=TIMING)

    assert world_18.verdicts(campaign_id) == {1: "ready", 2: "ready"}
    closes = world_18.connection.execute("SELECT closes_at FROM message_list").fetchall()
    assert {milliseconds(row["closes_at"]) - at for row in closes} == {DAY - SECOND * TIMING.margin_seconds}


def test_interactions_are_listed_newest_first_and_of_one_person(scene_18):
    scene = scene_18
    scene.tell(*[scene.platform.wrote(number, scene.at - number) for number in (3, 5, 4)])
    scene.reconcile()

    newest = list_interactions(scene.connection, scene.account, most=2)
    of_five = list_interactions(scene.connection, scene.account, user_id=user_id(5), most=9)

    assert [row["user_id"] for row in newest] == [user_id(3), user_id(4)]
    assert [row["user_id"] for row in of_five] == [user_id(5)]


# opt-outs, policies, accounts


def test_a_stop_opts_out_at_once_and_a_resumption_takes_back_only_that(world_18, tmp_path):
    account, platform = world_18.account(), None
    platform = Platform(account)
    world_18.people_write(account, [1, 2, 3])
    campaign_id = world_18.submit_ids(tmp_path, [1, 2, 3], account=account)
    start_campaign(world_18.connection, campaign_id, timing=TIMING)
    connection, at = world_18.connection, milliseconds(read_clock(world_18.connection))
    add_suppressions(connection, account, user_ids=[user_id(2)], source="by letter")

    store_receipt(connection, platform.body(*[platform.marketing(number, at, is_stop=True) for number in (1, 2, 3)]))
    report = reconcile_inbox(connection, timing=TIMING)
    sources = {row["user_id"]: row["source"] for row in list_suppressions(connection, account)}
    add_suppressions(connection, account, user_ids=[user_id(3)], source="by letter")
    store_receipt(
        connection, platform.body(*[platform.marketing(number, at + 1, is_stop=False) for number in (1, 2, 3)])
    )
    reconcile_inbox(connection, timing=TIMING)

    assert report.opted_out == 2
    assert sources == {user_id(1): MARKETING_STOP, user_id(2): "by letter", user_id(3): MARKETING_STOP}
    assert world_18.verdicts(campaign_id) == dict.fromkeys((1, 2, 3), "ineligible/opted_out")
    left = {row["user_id"]: row["source"] for row in list_suppressions(connection, account)}
    assert left == {user_id(2): "by letter", user_id(3): "by letter"}


def test_a_block_pauses_the_account_with_its_campaigns_and_only_a_person_resumes_it(scene, tmp_path):
    at = scene.at
    scene.world.people_write(scene.account, [9])
    other = scene.world.submit_ids(tmp_path, [9], account=scene.account)
    start_campaign(scene.connection, other, timing=TIMING)
    block = scene.platform.policy(at, action="block", reason="The bot sent spam.")

    scene.tell(block)
    assert scene.reconcile().paused == 1
    blocked = find_account(scene.connection, scene.account.name)
    scene.tell(scene.platform.policy(at + 5, action="unblock"))
    scene.reconcile()
    unblocked = find_account(scene.connection, scene.account.name)
    resume_account(scene.connection, scene.account)
    scene.tell(block)
    assert scene.reconcile().paused == 0

    assert (blocked.is_paused, blocked.pause_reason) == (True, BLOCKED)
    assert blocked.note.startswith("the platform blocked it on ")
    assert blocked.note.endswith(": The bot sent spam.")
    assert scene.world.state(other) == "sending"
    assert (unblocked.is_paused, unblocked.note.startswith("the platform unblocked it on ")) == (True, True)
    assert not find_account(scene.connection, scene.account.name).is_paused


def test_a_warning_is_a_finding_of_the_sweep_until_a_week_has_passed(scene_18):
    scene = scene_18
    scene.tell(scene.platform.policy(scene.at, action="warning", reason="Too many complaints"))

    findings = [one for one in sweep(scene.connection, timing=TIMING).findings if one.code is SweepCode.PLATFORM_NOTE]
    scene.world.put_clock_ahead(days=8)
    later = sweep(scene.connection, timing=TIMING).findings

    assert [one.account for one in findings] == [scene.account.name]
    assert findings[0].text.endswith("UTC: Too many complaints.")
    assert SweepCode.PLATFORM_NOTE not in {one.code for one in later}


def test_events_of_an_account_that_is_added_later_are_applied_then(world):
    connection, at = world.connection, milliseconds(read_clock(world.connection))
    known, coming = world.account(), world.account()
    connection.execute("DELETE FROM pace WHERE account_id = %s", [coming.account_id])
    connection.execute("DELETE FROM account WHERE account_id = %s", [coming.account_id])
    there, elsewhere = Platform(known), Platform(coming)
    both = json.loads(there.body(there.wrote(1, at)))
    both["entry"] += json.loads(elsewhere.body(elsewhere.wrote(2, at), elsewhere.wrote(3, at)))["entry"]
    store_receipt(connection, json.dumps(both).encode())

    first = reconcile_inbox(connection, timing=TIMING)
    shown = list_unknown_accounts(connection)
    again = reconcile_inbox(connection, timing=TIMING)
    world.account(name=coming.name, external_id=coming.external_id)
    after = reconcile_inbox(connection, timing=TIMING)

    assert (first.interactions, first.elsewhere, first.strange, again.bodies) == (1, 2, 0, 0)
    assert [(row["channel"], row["external_id"], row["event_count"]) for row in shown] == [
        ("messenger", coming.external_id, 2)
    ]
    assert (after.bodies, after.interactions, after.elsewhere) == (1, 2, 0)
    assert list_unknown_accounts(connection) == []


def test_the_same_id_on_another_channel_is_another_account(world_18):
    account = world_18.account(channel=Channel.INSTAGRAM)
    at = milliseconds(read_clock(world_18.connection))
    platform = Platform(account)
    as_page = platform.body(platform.wrote(1, at)).replace(b'"instagram"', b'"page"')

    store_receipt(world_18.connection, as_page)

    report = reconcile_inbox(world_18.connection, timing=TIMING)
    assert (report.interactions, report.elsewhere) == (0, 1)
