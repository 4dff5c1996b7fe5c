"""Erasing a person: nothing of them is left in any table, and still they get nothing twice and nothing they refused."""

import pytest

from database.erased import OTHER, PERSON, campaign_of, list_of, webhook, where
from domain.reasons import SENTENCES, Reason
from factories import TIMING, user_id
from sql import query
from tasks.database import broken_promises
from tasks.deletion_requests import keep_erasures
from tasks.erasure import erase_person
from tasks.receipts import store_receipt
from tasks.reconcile import reconcile_inbox
from tasks.workbooks import write_workbook

pytestmark = pytest.mark.usefixtures("erasure_key")


def tables_of_people(connection):
    """The tables with a column that holds ids of people, each partitioned table once."""
    rows = connection.execute(
        "SELECT DISTINCT c.relname FROM pg_class AS c INNER JOIN pg_attribute AS a ON a.attrelid = c.oid "
        "WHERE c.relnamespace = 'windowcast'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition "
        "AND a.attname LIKE '%user%' AND NOT a.attisdropped ORDER BY 1"
    )
    return [row["relname"] for row in rows]


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
