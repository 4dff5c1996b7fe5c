"""Erasing a person: nothing of them is left in any table, and still they get nothing twice and nothing they refused."""

import json
from datetime import timedelta

import pytest

import tasks.erasure
from clients.postgres import connect
from clients.settings import settings
from domain.errors import ConfigurationError, InputRefusedError, NotFoundError, UnfinishedError
from domain.reasons import SENTENCES, Reason
from domain.sweep import SweepCode
from domain.window import InteractionKind
from factories import TIMING, user_id, write_table
from sql import query
from tasks.campaigns import close_campaign, start_campaign
from tasks.database import broken_promises
from tasks.decisions import Author
from tasks.deletion_requests import keep_erasures
from tasks.erasure import erase_person
from tasks.interactions import Interaction, store_interactions
from tasks.receipts import store_receipt
from tasks.reconcile import reconcile_inbox
from tasks.retries import retry_failed
from tasks.suppressions import add_suppressions, list_suppressions
from tasks.upkeep import find_upkeep
from tasks.windows import read_clock
from tasks.workbooks import write_workbook

PERSON, OTHER = user_id(1), user_id(2)
KEY = "a key of the tests"


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    set_key(monkeypatch, KEY)
    yield
    settings.cache_clear()


def set_key(monkeypatch, key):
    monkeypatch.setenv("WINDOWCAST_ERASURE_KEY", key)
    settings.cache_clear()


def webhook(*people):
    events = [{"sender": {"id": one}, "recipient": {"id": "100"}, "message": {"text": f"I am {one}"}} for one in people]
    return json.dumps({"object": "page", "entry": [{"id": "100", "messaging": events}]}).encode()


def tables(connection):
    rows = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'windowcast'::regnamespace AND relkind = 'r' ORDER BY 1"
    )
    return [row["relname"] for row in rows]


def where(connection, text):
    """The tables in any row of which a text stands, also inside bytes."""
    found = []
    for table in tables(connection):
        row = connection.execute(
            f"SELECT count(*) FROM {table} AS t WHERE t::text LIKE %(text)s "
            "OR position(right(%(hex)s::bytea::text, -2) IN t::text) > 0",
            {"text": f"%{text}%", "hex": text.encode()},
        ).fetchone()
        if row["count"]:
            found.append(table)
    return found


def tables_of_people(connection):
    """The tables with a column that holds ids of people, each partitioned table once."""
    rows = connection.execute(
        "SELECT DISTINCT c.relname FROM pg_class AS c INNER JOIN pg_attribute AS a ON a.attrelid = c.oid "
        "WHERE c.relnamespace = 'windowcast'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition "
        "AND a.attname LIKE '%user%' AND NOT a.attisdropped ORDER BY 1"
    )
    return [row["relname"] for row in rows]


def list_of(world, folder, account, rows, *, suffix="csv", **fields):
    file = write_table(folder / f"list-{len(list(folder.iterdir()))}.{suffix}", [("user_id", "name"), *rows])
    template = fields.pop("template", None) or world.template(folder)
    return world.submission(account, template, file=file, **fields)


def campaign_of(world, folder, account, rows, **fields):
    campaign_id = world.submit(list_of(world, folder, account, rows, **fields), folder)
    start_campaign(world.connection, campaign_id, timing=TIMING)
    return campaign_id


def fill_every_table(world, folder):
    """Bring a person into every table that can hold one, beside another person in most of them."""
    account = world.account()
    world.people_write(account, [1, 2])
    rows = [(PERSON, "Ada Test"), (OTHER, "Bo"), (PERSON, "Ada Test"), (f"ask {PERSON}", "Ada Test"), (user_id(3), "")]
    campaign_id = campaign_of(world, folder, account, rows, accepts_valid=True)
    world.end(world.claim(campaign_id, 1), outcome="accepted", state="sent", mid="mid-of-ada")
    world.end(world.claim(campaign_id, 2), outcome="accepted", state="sent", mid="mid-of-bo")
    # A workbook in which the person stands where no row was made of it: on a sheet of its own.
    other = campaign_of(world, folder, account, [(OTHER, "Bo")], suffix="xlsx")
    import openpyxl

    path = folder / "other.xlsx"
    book = openpyxl.Workbook()
    book.create_sheet("Notes")["A1"] = f"not to {PERSON}"
    book.save(path)
    world.connection.execute(
        "UPDATE upload_file SET content = %s WHERE upload_id = (SELECT upload_id FROM upload WHERE campaign_id = %s)",
        [path.read_bytes(), other],
    )
    parameters = {"account": account.account_id, "user": PERSON, "other": OTHER, "campaign": campaign_id}
    for statement in (
        "INSERT INTO suppression (account_id, user_id, source) VALUES (%(account)s, %(user)s, 'test')",
        "INSERT INTO mid_receipt (account_id, mid, user_id) VALUES (%(account)s, 'a', %(user)s), "
        "(%(account)s, 'b', %(other)s)",
        "INSERT INTO watermark SELECT %(account)s, u, 'read', clock(), clock() FROM unnest(ARRAY[%(user)s, %(other)s]) "
        "AS x (u)",
        "INSERT INTO entitlement (account_id, object_id, kind, user_id, given_at) "
        "VALUES (%(account)s, 'c', 'comment', %(user)s, clock())",
        "INSERT INTO marketing_answer (account_id, user_id, stopped_at) VALUES (%(account)s, %(user)s, clock())",
        "INSERT INTO mapped_ahead SELECT name, %(user)s, clock() + interval '1 h' FROM account",
        "INSERT INTO staged_row VALUES (%(campaign)s, 1, %(user)s, %(user)s, '{Ada Test}')",
        "INSERT INTO interaction_aside SELECT * FROM interaction WHERE user_id = %(user)s",
        "INSERT INTO deletion_request (code, app_user_id) VALUES ('code', %(user)s)",
        "INSERT INTO decision (message_id, attempt_id, kind, decided_by, because, state_before, state_after) "
        "SELECT message_id, attempt_id, 'sent', 'test', 'Ada Test called', 'unknown', 'sent' FROM attempt "
        "WHERE user_id = %(user)s",
    ):
        world.connection.execute(statement, parameters)
    store_receipt(world.connection, webhook(PERSON, OTHER))
    reconcile_inbox(world.connection, timing=TIMING)
    store_receipt(world.connection, b"no json: " + PERSON.encode())
    store_receipt(world.connection, webhook(PERSON))
    return account, campaign_id, other


def test_nothing_of_a_person_is_left_in_any_table(world, tmp_path):
    account, campaign_id, _ = fill_every_table(world, tmp_path)
    holders = where(world.connection, PERSON)
    # A table that is new and can hold people must be filled above, and then it shows whether it is erased.
    of_people = set(tables_of_people(world.connection)) - {"interaction"}
    assert of_people <= set(holders) | {"interaction_default"}
    assert "interaction_default" in holders
    before = world.states(campaign_id)

    kept = keep_erasures(world.connection)

    assert kept.done == 1
    for text in (PERSON, "Ada Test", "mid-of-ada"):
        assert where(world.connection, text) == []
    assert world.states(campaign_id) == before
    assert broken_promises(world.connection) == {}
    assert world.connection.execute("SELECT state, app_user_id FROM deletion_request").fetchone() == {
        "state": "done",
        "app_user_id": None,
    }
    assert account.account_id


def test_what_is_known_of_others_stays(world, tmp_path):
    account, campaign_id, other = fill_every_table(world, tmp_path)

    report = erase_person(world.connection, PERSON)

    assert (report.accounts, report.messages, report.interactions) == ([account.name], 3, 2)
    assert (report.files, report.bodies) == (2, 3)
    row = world.connection.execute(
        "SELECT m.*, a.user_id AS attempt_user FROM message_list AS m INNER JOIN attempt AS a USING (attempt_id) "
        "WHERE m.campaign_id = %s AND m.user_id = %s",
        [campaign_id, OTHER],
    ).fetchone()
    assert (row["cells"], row["provider_message_id"], row["attempt_user"]) == (["Bo"], "mid-of-bo", OTHER)
    bodies = [bytes(row["body"]) for row in world.connection.execute("SELECT body FROM receipt_inbox ORDER BY 1")]
    assert sum(OTHER.encode() in body for body in bodies) == 1
    counts = world.row_counts()
    assert (counts["mid_receipt"], counts["watermark"], counts["interaction"]) == (1, 1, 1)
    assert world.verdicts(other) == {2: "ready"}
    # A body that comes again is known, though its bytes have changed here.
    assert store_receipt(world.connection, webhook(PERSON, OTHER)) is False


def test_a_workbook_of_a_list_with_somebody_erased_is_a_plain_one_and_says_so(world_18, tmp_path):
    import openpyxl

    account = world_18.account()
    world_18.people_write(account, [1, 2])
    campaign_id = campaign_of(world_18, tmp_path, account, [(PERSON, "Ada"), (OTHER, "Bo")], suffix="xlsx")
    assert write_workbook(world_18.connection, campaign_id, path=tmp_path / "before.xlsx") == ()

    erase_person(world_18.connection, PERSON)
    missing = write_workbook(world_18.connection, campaign_id, path=tmp_path / "after.xlsx")

    assert len(missing) == 1
    assert "holds somebody whose data was erased" in missing[0]
    rows = list(openpyxl.load_workbook(tmp_path / "after.xlsx").worksheets[0].iter_rows(values_only=True))
    assert rows[2][:3] == (OTHER, "Bo", "ready")
    assert rows[1][0].startswith("erased:")
    assert rows[1][1] is None
    assert rows[1][3] == SENTENCES[Reason.ERASED]


def test_the_same_list_again_does_not_reach_an_erased_person_and_brings_nothing_back(world, tmp_path):
    account = world.account()
    world.people_write(account, [1, 2])
    rows = [(PERSON, "Ada Test"), (OTHER, "Bo"), (PERSON, "Ada Test")]
    template = world.template(tmp_path)
    campaign_of(world, tmp_path, account, rows, template=template)
    erase_person(world.connection, PERSON)

    again = campaign_of(world, tmp_path, account, rows, template=template, again=True)

    assert world.verdicts(again) == {2: "ineligible/erased", 3: "ready", 4: "duplicate/duplicate"}
    assert where(world.connection, PERSON) == []
    assert where(world.connection, "Ada Test") == []
    upload = world.connection.execute(query("uploads/find"), {"campaign_id": again}).fetchone()
    assert (upload["kept_bytes"], upload["file_loss"], upload["row_count"]) == (None, "erasure", 3)
    assert broken_promises(world.connection) == {}


def test_a_bad_row_of_an_erased_person_keeps_nothing_either(world_18, tmp_path):
    account = world_18.account()
    world_18.people_write(account, [1, 2])
    erase_person(world_18.connection, PERSON)
    long = "very long " * 300

    campaign_id = world_18.take_in(
        list_of(world_18, tmp_path, account, [(PERSON, long), (OTHER, "Bo")], accepts_valid=True), tmp_path
    )

    assert world_18.verdicts(campaign_id) == {2: "invalid/too_long", 3: "ready"}
    assert where(world_18.connection, PERSON) == []


def test_a_list_that_is_refused_keeps_nobody_who_was_erased(world_18, tmp_path):
    account = world_18.account()
    world_18.people_write(account, [1, 2])
    erase_person(world_18.connection, PERSON)

    campaign_id = world_18.take_in(list_of(world_18, tmp_path, account, [(PERSON, "Ada"), (OTHER, "")]), tmp_path)

    assert world_18.verdicts(campaign_id) == {2: "cancelled/file_refused", 3: "invalid/missing_value"}
    assert where(world_18.connection, PERSON) == []


def test_a_message_that_waits_is_set_aside_and_never_claimed(world, tmp_path):
    account = world.account()
    world.people_write(account, [1, 2])
    campaign_id = campaign_of(world, tmp_path, account, [(PERSON, "Ada"), (OTHER, "Bo")])

    report = erase_person(world.connection, PERSON)

    assert report.set_aside == 1
    assert world.verdicts(campaign_id) == {2: "ineligible/erased", 3: "ready"}
    world.people_write(account, [1], hours_ago=-0.001)
    assert world.verdicts(campaign_id) == {2: "ineligible/erased", 3: "ready"}


@pytest.mark.parametrize("outcome", [None, "unknown"])
def test_nobody_is_erased_while_a_message_is_under_way_or_unknown(world_18, tmp_path, outcome):
    account = world_18.account()
    world_18.people_write(account, [1])
    campaign_id = world_18.submit_ids(tmp_path, [1], account=account)
    start_campaign(world_18.connection, campaign_id, timing=TIMING)
    attempt_id = world_18.claim(campaign_id, 1)
    if outcome:
        world_18.end(attempt_id, outcome="unknown", state="unknown", reason="no_answer")
    before = where(world_18.connection, PERSON)

    with pytest.raises(UnfinishedError, match=r"nothing was erased. Run this again after .* UTC"):
        erase_person(world_18.connection, PERSON)

    assert where(world_18.connection, PERSON) == before
    world_18.connection.execute("UPDATE attempt SET outcome = 'unknown', settled_at = clock()")
    erase_person(world_18.connection, PERSON)
    assert where(world_18.connection, PERSON) == []
    assert broken_promises(world_18.connection) == {}


def test_a_request_waits_for_the_message_that_is_under_way(world_18, tmp_path):
    account = world_18.account()
    world_18.people_write(account, [1])
    campaign_id = world_18.submit_ids(tmp_path, [1], account=account)
    start_campaign(world_18.connection, campaign_id, timing=TIMING)
    attempt_id = world_18.claim(campaign_id, 1)
    world_18.connection.execute(
        "INSERT INTO deletion_request (code, app_user_id) VALUES ('1', %s), ('2', '4711')", [PERSON]
    )

    first = keep_erasures(world_18.connection)
    world_18.end(attempt_id, outcome="accepted", state="sent", mid="m")
    second = keep_erasures(world_18.connection)

    assert (first.done, first.unmatched, first.waiting) == (0, 1, 1)
    assert (second.done, second.unmatched, second.waiting) == (1, 0, 0)


def test_a_request_that_nobody_handles_is_told(world_18):
    world_18.connection.execute("INSERT INTO deletion_request (code, app_user_id) VALUES ('1', '4711')")
    assert find_upkeep(world_18.connection) == []

    world_18.put_clock_ahead(days=3)

    assert [one.code for one in find_upkeep(world_18.connection)] == [SweepCode.DELETION_REQUESTS_WAITING]


def test_what_failed_is_not_sent_to_an_erased_person_by_a_retry(world_18, tmp_path):
    account = world_18.account()
    world_18.people_write(account, [1])
    campaign_id = world_18.submit_ids(tmp_path, [1], account=account)
    start_campaign(world_18.connection, campaign_id, timing=TIMING)
    world_18.end(world_18.claim(campaign_id, 1), outcome="refused", state="failed", reason="message_refused")
    close_campaign(world_18.connection, campaign_id)
    erase_person(world_18.connection, PERSON)

    plan = retry_failed(
        world_18.connection, campaign_id, reason=Reason.MESSAGE_REFUSED, author=Author("a", "b"), timing=TIMING
    )

    assert (plan.ready, plan.staying) == (0, {Reason.ERASED: 1})


def happened(account, number, at, name):
    return Interaction(account.account_id, user_id(number), InteractionKind.MESSAGE, at, name)


def test_late_news_of_an_erased_person_adds_nothing_and_new_contact_does(world, tmp_path):
    account = world.account()
    world.people_write(account, [1])
    erase_person(world.connection, PERSON)
    now = read_clock(world.connection)

    late = store_interactions(world.connection, [happened(account, 1, now - timedelta(hours=1), "late")], timing=TIMING)
    assert late == (1, 0)
    assert where(world.connection, PERSON) == []

    world.put_clock_ahead(hours=1)
    at = read_clock(world.connection) - timedelta(minutes=1)
    assert store_interactions(world.connection, [happened(account, 1, at, "new")], timing=TIMING) == (1, 1)

    campaign_id = campaign_of(world, tmp_path, account, [(PERSON, "Ada")])
    assert world.verdicts(campaign_id) == {2: "ready"}
    assert broken_promises(world.connection) == {}


def test_an_opt_out_holds_on_when_an_erased_person_writes_again(world, tmp_path):
    account = world.account()
    world.people_write(account, [1])
    add_suppressions(world.connection, account, user_ids=[PERSON], source="test")
    erase_person(world.connection, PERSON)
    assert [row["kind"] for row in list_suppressions(world.connection, account)] == ["opted_out"]
    world.put_clock_ahead(hours=1)

    world.people_write(account, [1, 2], hours_ago=0.01)
    campaign_id = campaign_of(world, tmp_path, account, [(PERSON, "Ada"), (OTHER, "Bo")])

    assert world.verdicts(campaign_id) == {2: "ineligible/opted_out", 3: "ready"}
    assert broken_promises(world.connection) == {}


def test_who_was_erased_and_came_back_can_be_erased_again(world, tmp_path):
    account = world.account()
    world.people_write(account, [1])
    first = campaign_of(world, tmp_path, account, [(PERSON, "Ada")])
    erase_person(world.connection, PERSON)
    world.put_clock_ahead(hours=1)
    world.people_write(account, [1], hours_ago=0.01)
    second = campaign_of(world, tmp_path, account, [(PERSON, "Ada")])
    world.end(world.claim(second, 1), outcome="accepted", state="sent", mid="m")

    erase_person(world.connection, PERSON)
    erase_person(world.connection, PERSON)

    assert where(world.connection, PERSON) == []
    assert broken_promises(world.connection) == {}
    assert world.verdicts(first) == {2: "ineligible/erased"}
    assert world.verdicts(second) == {2: "sent"}
    assert world.row_counts()["erased_person"] == 1


def test_an_opt_out_of_an_erased_person_is_kept_without_the_id(world_18, tmp_path):
    account = world_18.account()
    world_18.people_write(account, [1])
    erase_person(world_18.connection, PERSON)

    assert add_suppressions(world_18.connection, account, user_ids=[PERSON], source="test") == 1

    assert where(world_18.connection, PERSON) == []
    assert [row["kind"] for row in list_suppressions(world_18.connection, account)] == ["opted_out"]


def test_receipts_that_come_after_the_erasure_go_with_the_next_maintenance(world_18):
    account = world_18.account()
    world_18.people_write(account, [1, 2])
    erase_person(world_18.connection, PERSON)
    world_18.connection.execute(
        "INSERT INTO mid_receipt (account_id, mid, user_id) SELECT %s, u, u FROM unnest(ARRAY[%s, %s]) AS x (u)",
        [account.account_id, PERSON, OTHER],
    )

    assert keep_erasures(world_18.connection).late == 1

    assert where(world_18.connection, PERSON) == []
    assert world_18.row_counts()["mid_receipt"] == 1


def test_without_the_key_nobody_is_erased_and_nobody_erased_is_guessed_at(world_18, tmp_path, monkeypatch):
    account = world_18.account()
    world_18.people_write(account, [1, 2])
    erase_person(world_18.connection, PERSON)
    now = read_clock(world_18.connection)
    steps = (
        lambda: erase_person(world_18.connection, OTHER),
        lambda: world_18.take_in(list_of(world_18, tmp_path, account, [(OTHER, "Bo")]), tmp_path),
        lambda: store_interactions(world_18.connection, [happened(account, 2, now, "x")], timing=TIMING),
        lambda: add_suppressions(world_18.connection, account, user_ids=[OTHER], source="test"),
        lambda: keep_erasures(world_18.connection),
    )

    for key, said in (("", "is not set"), ("another key of the tests", "is not the key that people were erased with")):
        set_key(monkeypatch, key)
        for step in steps:
            with pytest.raises(ConfigurationError, match=said):
                step()

    assert world_18.row_counts()["erased_person"] == 1


def test_before_anybody_is_erased_no_key_is_needed(world_18, tmp_path, monkeypatch):
    set_key(monkeypatch, "")
    account = world_18.account()
    world_18.people_write(account, [1])

    assert world_18.verdicts(campaign_of(world_18, tmp_path, account, [(PERSON, "Ada")])) == {2: "ready"}
    assert keep_erasures(world_18.connection).late == 0


def test_who_is_not_known_is_told_and_can_be_kept_out_all_the_same(world_18, tmp_path):
    account = world_18.account()
    world_18.people_write(account, [2])
    with pytest.raises(NotFoundError, match="No account knows a person by this id"):
        erase_person(world_18.connection, PERSON)
    with pytest.raises(InputRefusedError, match="digits alone"):
        erase_person(world_18.connection, "25' OR true")

    erase_person(world_18.connection, PERSON, account=account)

    campaign_id = campaign_of(world_18, tmp_path, account, [(PERSON, "Ada"), (OTHER, "Bo")])
    assert world_18.verdicts(campaign_id) == {2: "ineligible/erased", 3: "ready"}


def test_an_erasure_gives_way_to_an_import_and_says_so(world_18, monkeypatch):
    account = world_18.account()
    world_18.people_write(account, [1])
    monkeypatch.setattr(tasks.erasure, "_TRIES", 2)
    monkeypatch.setattr(tasks.erasure, "_PAUSE_SECONDS", 0.01)

    with connect(world_18.connection.info.dsn) as importing, importing.transaction():
        importing.execute(query("erasure/hold_off"))
        with pytest.raises(UnfinishedError, match="are being taken in"):
            erase_person(world_18.connection, PERSON)

    assert erase_person(world_18.connection, PERSON).interactions == 1


def test_the_same_id_on_another_account_is_another_person(world_18, tmp_path):
    one, other = world_18.account(), world_18.account()
    world_18.people_write(one, [1])
    world_18.people_write(other, [1])

    erase_person(world_18.connection, PERSON, account=one)

    assert world_18.verdicts(campaign_of(world_18, tmp_path, other, [(PERSON, "Ada")])) == {2: "ready"}
