"""A team's own table of interactions: read into the newest openers by its own names, or refused in one sentence."""

import asyncio
from datetime import timedelta

import psycopg
import pytest

from clients.postgres import connect
from clients.settings import Settings
from database.tellers import Theirs
from domain.errors import ConfigurationError
from domain.window import InteractionKind
from factories import TIMING, user_id
from reports.eligibility_words import standing
from tasks.campaigns import start_campaign
from tasks.database import broken_promises
from tasks.interactions import Interaction
from tasks.mapped_interactions import find_misfit, kept_read, read_all, read_recent, try_to_read
from tasks.night import measure_night
from tasks.windows import read_clock

COLUMNS = "account=page_id,user_id=psid,kind=what,occurred_at=created at"


@pytest.fixture
def theirs(world_18):
    return Theirs(world_18)


def openers(world):
    return {row["user_id"]: row["opener_kind"] for row in world.connection.execute("SELECT * FROM last_interaction")}


def mapped(**fields):
    return Settings(**{"interactions_table": "crm.events", "interactions_columns": COLUMNS, **fields})


def test_a_nights_report_reads_the_table_first_and_says_what_it_does_not_know_of_it(theirs):
    account = theirs.world.account()
    insert(theirs, account, 1)

    report = measure_night(theirs.world.connection, mapped(interactions_kinds="text=message"), account=None)
    ours = measure_night(theirs.world.connection, Settings(), account=None)

    assert [one.open_now for one in report.accounts] == [1]
    assert "newly open, lost and usual hours know only what came in by webhook or import" in standing(report)
    assert "WINDOWCAST_INTERACTIONS_TABLE" not in standing(ours)


def insert(theirs, account, number, *, what="text", minutes_ago=5.0, user=None):
    at = read_clock(theirs.world.connection) - timedelta(minutes=minutes_ago)
    theirs.insert(account.account_id, user or user_id(number), what, at)


def test_a_row_s_account_is_known_by_name_and_by_platform_id_and_others_are_left_alone(theirs):
    account = theirs.world.account(name="700")
    other = theirs.world.account(external_id="701")
    connection = theirs.world.connection
    for page, number in ((700, 1), (701, 2), (int(account.external_id), 3), (999, 4)):
        connection.execute(
            'INSERT INTO crm."Events of people" VALUES (%s, %s, %s, clock())', [page, user_id(number), "message"]
        )

    assert read_all(connection, mapped()) == 3

    rows = connection.execute("SELECT account_id, user_id FROM last_interaction ORDER BY user_id").fetchall()
    assert [(row["account_id"], row["user_id"]) for row in rows] == [
        (account.account_id, user_id(1)),
        (other.account_id, user_id(2)),
        (account.account_id, user_id(3)),
    ]


def test_kinds_mean_what_the_settings_say_and_others_open_nothing_unless_a_kind_is_given_for_them(theirs):
    account = theirs.world.account()
    for number, what in enumerate(["text", "m_me", "public", "poke", None], start=1):
        insert(theirs, account, number, what=what)
    kinds = "text=message,public=comment,m_me=ig_me"
    connection = theirs.world.connection

    read_all(connection, mapped(interactions_kinds=kinds))
    without = openers(theirs.world)
    read_all(connection, mapped(interactions_kinds=kinds, interactions_kind="postback"))

    assert without == {user_id(1): "message", user_id(2): "ig_me"}
    assert openers(theirs.world) == {**without, user_id(4): "postback", user_id(5): "postback"}


def test_a_table_without_kinds_tells_of_one_kind(theirs):
    account = theirs.world.account()
    insert(theirs, account, 1, what="whatever")
    columns = "account=page_id,user_id=psid,occurred_at=created at"

    read_all(theirs.world.connection, mapped(interactions_columns=columns, interactions_kind="message"))

    assert openers(theirs.world) == {user_id(1): "message"}


def test_what_is_no_person_or_has_no_time_is_passed_over(theirs):
    account = theirs.world.account()
    connection = theirs.world.connection
    connection.execute('CREATE TABLE crm.mixed (page_id text, psid text, what text, "created at" timestamptz)')
    now = read_clock(connection)
    for user, at in ((user_id(1), now), ("someone@example", now), (None, now), (user_id(2), None)):
        connection.execute("INSERT INTO crm.mixed VALUES (%s, %s, 'message', %s)", [account.external_id, user, at])

    assert read_all(connection, mapped(interactions_table="crm.mixed")) == 1
    assert list(openers(theirs.world)) == [user_id(1)]


def test_the_recent_part_is_read_once_a_minute_by_one_of_all_processes(theirs):
    account = theirs.world.account()
    connection = theirs.world.connection
    insert(theirs, account, 1, what="message")
    insert(theirs, account, 2, what="message", minutes_ago=26 * 60)

    first = read_recent(connection, mapped())
    insert(theirs, account, 3, what="message")
    soon = read_recent(connection, mapped())
    theirs.world.put_clock_ahead(seconds=61)
    later = read_recent(connection, mapped())

    # Who wrote yesterday has no window: the reason is told by the whole read at a start.
    assert (first, soon, later) == (1, 0, 1)
    assert read_all(connection, mapped()) == 1
    assert read_all(connection, mapped()) == 0


async def test_while_a_campaign_is_sent_the_table_is_read_again_and_again(theirs, tmp_path):
    world, account = theirs.world, theirs.world.account()
    theirs.people_write(account, [1], hours_ago=20)
    campaign_id = world.submit_ids(tmp_path, [1], account=account)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    url = world.connection.info.dsn

    async with kept_read(url, chosen=theirs.settings, every_seconds=0.05):
        insert(theirs, account, 1, what="text", minutes_ago=1)
        closes = await closing(world, campaign_id, later_than=timedelta(hours=23))

    assert closes


async def closing(world, campaign_id, *, later_than):
    """Wait until the window of the one message closes later than so long from now."""
    for _ in range(200):
        row = world.connection.execute(
            "SELECT closes_at - clock() AS left FROM message_list WHERE campaign_id = %s", [campaign_id]
        ).fetchone()
        if row["left"] > later_than:
            return True
        await asyncio.sleep(0.02)
    return False


def test_a_person_of_a_held_campaign_is_recovered_by_their_table_as_by_ours(theirs, tmp_path):
    world, account = theirs.world, theirs.world.account()
    theirs.people_write(account, [1], hours_ago=1)
    hold_until = read_clock(world.connection) + timedelta(hours=2)
    campaign_id = world.submit_ids(tmp_path, [1, 2], account=account, hold_until=hold_until)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    assert world.verdicts(campaign_id)[2] == "ineligible/never_interacted"

    theirs.people_write(account, [2], hours_ago=0.1)

    assert world.verdicts(campaign_id)[2] == "ready"
    assert broken_promises(world.connection) == {}


MISFITS = {
    "no such table": ({"interactions_table": "crm.nothing"}, "has no table or view of that name"),
    "no such schema": ({"interactions_table": "nowhere.events"}, "has no table or view of that name"),
    "no schema named": ({"interactions_table": "events"}, "write it with its schema"),
    "more than a table": ({"interactions_table": "crm.events; DROP TABLE account"}, "has no table or view"),
    "no such column": (
        {"interactions_columns": COLUMNS.replace("psid", "psd")},
        r"has no column psd \(it has: page_id, psid, what, created at\)",
    ),
    "a column too few": ({"interactions_columns": "account=page_id"}, "lacks user_id, occurred_at"),
    "no columns": ({"interactions_columns": None}, "lacks account, user_id, occurred_at"),
    "a column too many": ({"interactions_columns": COLUMNS + ",name=x"}, "has no use for name"),
    "a column twice": ({"interactions_columns": COLUMNS + ",kind=x"}, "each name once"),
    "no pairs": ({"interactions_columns": "page_id;psid"}, "a list of name=value"),
    "no kind at all": ({"interactions_columns": COLUMNS.replace("kind=what,", "")}, "WINDOWCAST_INTERACTIONS_KIND"),
    "an unknown kind": ({"interactions_kinds": "text=letter"}, "kind 'letter'; the kinds are message"),
    "a table whose ids lose digits": (
        {"interactions_table": "crm.Events of people"},
        r"psid .* is to be the user_id, is of the type numeric; it must be text or a whole number",
    ),
    "a time that is none": (
        {"interactions_columns": COLUMNS.replace("created at", "what")},
        "is of the type character varying; it must be a timestamp with time zone",
    ),
}


@pytest.mark.parametrize("name", MISFITS)
def test_a_mapping_that_cannot_be_used_gets_one_sentence_from_the_doctor_and_from_a_read(theirs, name):
    fields, words = MISFITS[name]
    connection, chosen = theirs.world.connection, mapped(**fields)

    with pytest.raises(ConfigurationError, match=words) as refused:
        read_all(connection, chosen)

    assert find_misfit(connection, chosen) == [str(refused.value)]
    assert try_to_read(connection, chosen) == 0
    assert connection.execute("SELECT count(*) AS n FROM account").fetchone()["n"] == 0


def test_a_mapping_that_fits_and_no_mapping_are_no_finding(theirs):
    connection = theirs.world.connection

    assert find_misfit(connection, mapped()) == find_misfit(connection, Settings()) == []
    assert read_all(connection, Settings()) == 0


def test_a_table_that_we_may_not_read_is_told_with_the_right_that_is_missing(theirs, database_18):
    connection = theirs.world.connection
    connection.execute("CREATE ROLE guest_of_windowcast LOGIN; GRANT USAGE ON SCHEMA windowcast TO guest_of_windowcast")
    try:
        url = psycopg.conninfo.make_conninfo(database_18, user="guest_of_windowcast")
        with connect(url) as guest:
            (sentence,) = find_misfit(guest, mapped())
    finally:
        connection.execute("DROP OWNED BY guest_of_windowcast; DROP ROLE guest_of_windowcast")

    assert "guest_of_windowcast may not read crm.events; GRANT SELECT" in sentence


def test_an_opener_of_ours_stays_when_theirs_is_older(theirs):
    account = theirs.world.account()
    theirs.world.people_write(account, [1], hours_ago=1)
    before = theirs.world.connection.execute("SELECT * FROM last_interaction").fetchall()

    at = read_clock(theirs.world.connection) - timedelta(hours=3)
    theirs.tell([Interaction(account.account_id, user_id(1), InteractionKind.MESSAGE, at, "")])

    assert theirs.world.connection.execute("SELECT * FROM last_interaction").fetchall() == before
