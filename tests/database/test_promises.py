"""Every promise that is SQL holds, and is seen when it is broken by hand; what the database itself refuses."""

from uuid import uuid4

import psycopg

import sql
from tasks.database import broken_promises

OTHER = uuid4()

ANOTHER_ATTEMPT = (
    'INSERT INTO attempt SELECT (jsonb_populate_record(a, \'{{"attempt_id": "{other}"}}\')).* FROM attempt AS a'
)

DECISION = (
    "INSERT INTO decision (message_id, attempt_id, kind, decided_by, decided_at, because, state_before, state_after) "
    "SELECT message_id, attempt_id, '{kind}', 'test', {at}, 'test', 'failed', 'ready' FROM attempt "
    "WHERE attempt_id <> '{{other}}'"
)

# How each promise is broken by hand: the guard that has to go first, then the deed. The first of three messages was
# accepted by an attempt, the other two are ready; `{other}` is the id of an attempt that is not there.
BREAK = {
    "p01_one_message_per_person": [
        "ALTER TABLE message_list DROP CONSTRAINT message_list_campaign_id_user_id_key",
        "UPDATE message_list AS m SET user_id = o.user_id FROM message_list AS o WHERE o.row_number = 3",
    ],
    "p03_second_attempt_has_its_reason": [
        ANOTHER_ATTEMPT,
        "UPDATE attempt SET outcome = 'refused', started_at = started_at + interval '1 s' WHERE attempt_id = '{other}'",
    ],
    "p04_one_unresolved_attempt_per_person": [
        "DROP INDEX attempt_unresolved",
        "UPDATE attempt SET settled_at = NULL, outcome = 'unknown'",
        ANOTHER_ATTEMPT,
    ],
    "p05_accepted_once": [
        ANOTHER_ATTEMPT,
    ],
    "p08_every_row_is_a_message": [
        "INSERT INTO upload (upload_id, campaign_id, file_name, byte_count, sha256, header, row_count, remarks) "
        "SELECT campaign_id, campaign_id, 'list.csv', 1, 'x', '{{user_id}}', 4, '{{}}' FROM campaign",
    ],
    "p09_nothing_is_stuck": ["UPDATE campaign SET state = 'finished'"],
    "p10_counts_are_right": ["UPDATE message_count SET message_count = message_count + 1 WHERE state = 'ready'"],
    "p10_states_add_up": [
        "ALTER TABLE message_list DROP CONSTRAINT message_list_account_id_fkey",
        "UPDATE message_list SET account_id = 4711 WHERE row_number = 2",
    ],
    "p14_attempt_inside_its_window": ["UPDATE attempt SET slot_at = opener_at + interval '24 h'"],
    "p15_no_window_from_the_future": ["UPDATE last_interaction SET opener_at = clock() + interval '61 s'"],
    "p18_no_attempt_after_the_opt_out": [
        "INSERT INTO suppression (account_id, user_id, source, added_at) "
        "SELECT account_id, user_id, 'test', started_at - interval '1 s' FROM attempt",
    ],
    "p20_sent_is_proven": ["UPDATE attempt SET outcome = 'refused'"],
    "p20_state_is_what_was_told": ["UPDATE message_list SET delivered_at = clock() WHERE row_number = 1"],
    "p21_watermarks_are_obeyed": [
        "DELETE FROM receipt_due",
        "INSERT INTO watermark SELECT account_id, user_id, 'read', w.at, w.at FROM message_list "
        "CROSS JOIN (SELECT clock() + interval '61 s' AS at) AS w WHERE row_number = 1",
    ],
    "p22_no_receipt_waits_in_vain": [
        "DELETE FROM receipt_due",
        "INSERT INTO mid_receipt (account_id, mid, read_at) SELECT account_id, 'm-1', clock() FROM attempt",
    ],
    "p36_one_private_reply_per_comment": [
        "DROP INDEX attempt_private_reply",
        ANOTHER_ATTEMPT,
        "UPDATE attempt SET entitlement_id = 'comment-1'",
    ],
}

# Further ways to break those that have several: a word for it, the deed.
BREAK_TOO = {
    "p08_every_row_is_a_message": {
        "every row is lost": [
            "INSERT INTO upload (upload_id, campaign_id, file_name, byte_count, sha256, header, row_count, remarks) "
            "SELECT campaign_id, campaign_id, 'list.csv', 1, 'x', '{{user_id}}', 3, '{{}}' FROM campaign",
            "DELETE FROM attempt",
            "DELETE FROM message_list",
        ],
    },
    "p09_nothing_is_stuck": {
        "ready in a cancelled campaign": ["UPDATE campaign SET state = 'cancelled'"],
        "ready in a refused campaign": ["UPDATE campaign SET state = 'refused'"],
        "sending without an attempt": ["UPDATE message_list SET state = 'sending' WHERE row_number = 2"],
        "sending long after the lease": [
            "UPDATE message_list SET state = 'sending' WHERE row_number = 1",
            "UPDATE attempt SET lease_until = clock() - interval '11 min'",
        ],
        "unknown for more than a day": [
            "UPDATE message_list SET state = 'unknown' WHERE row_number = 1",
            "UPDATE attempt SET outcome = 'unknown', settled_at = NULL, started_at = clock() - interval '26 h'",
        ],
        "ready though the window is long closed": [
            "UPDATE message_list SET closes_at = clock() - interval '61 min' WHERE row_number = 2"
        ],
    },
    "p14_attempt_inside_its_window": {
        "an opener that nobody knows": ["DELETE FROM last_interaction"],
        "an opener newer than any that is known": ["UPDATE attempt SET opener_at = opener_at + interval '1 s'"],
        "a comment that nobody knows": ["UPDATE attempt SET entitlement_id = 'comment-1'"],
    },
    "p03_second_attempt_has_its_reason": {
        "refused, without a retry": [
            "UPDATE attempt SET outcome = 'refused'",
            ANOTHER_ATTEMPT,
            "UPDATE attempt SET started_at = started_at + interval '1 s' WHERE attempt_id = '{other}'",
        ],
        "absent, as nobody decided": [
            "UPDATE attempt SET outcome = 'absent'",
            ANOTHER_ATTEMPT,
            "UPDATE attempt SET started_at = started_at + interval '1 s' WHERE attempt_id = '{other}'",
        ],
        "accepted, and only retried": [
            ANOTHER_ATTEMPT,
            "UPDATE attempt SET started_at = started_at + interval '1 s' WHERE attempt_id = '{other}'",
            DECISION.format(kind="retry", at="started_at"),
        ],
        "absent, decided too late": [
            "UPDATE attempt SET outcome = 'absent'",
            ANOTHER_ATTEMPT,
            "UPDATE attempt SET started_at = started_at + interval '1 s' WHERE attempt_id = '{other}'",
            DECISION.format(kind="absent", at="started_at + interval '2 s'"),
        ],
        "after an unknown": [
            "UPDATE attempt SET outcome = 'unknown'",
            ANOTHER_ATTEMPT,
            "UPDATE attempt SET started_at = started_at + interval '1 s' WHERE attempt_id = '{other}'",
        ],
    },
    "p20_state_is_what_was_told": {
        "sent though it was read": ["UPDATE message_list SET read_at = clock() WHERE row_number = 1"],
        "delivered though it was read": [
            "UPDATE message_list SET state = 'delivered', delivered_at = clock(), read_at = clock() "
            "WHERE row_number = 1"
        ],
    },
    "p21_watermarks_are_obeyed": {
        "delivered later than a watermark told": [
            "DELETE FROM receipt_due",
            "INSERT INTO watermark SELECT account_id, user_id, 'delivery', sent_at, sent_at FROM message_list "
            "WHERE row_number = 1",
            "UPDATE message_list SET state = 'delivered', delivered_at = sent_at + interval '1 s', "
            "platform_sent_at = sent_at WHERE row_number = 1",
        ],
    },
    "p22_no_receipt_waits_in_vain": {
        "by an id that the answer gave with m_": [
            "DELETE FROM receipt_due",
            "UPDATE attempt SET provider_message_id = 'm_1'",
            "INSERT INTO mid_receipt (account_id, mid, read_at) SELECT account_id, '1', clock() FROM attempt",
        ],
    },
    "p20_sent_is_proven": {
        "no attempt": ["UPDATE message_list SET attempt_id = NULL WHERE row_number = 1"],
        "no time": ["UPDATE message_list SET sent_at = NULL WHERE row_number = 1"],
        "delivered without its time": ["UPDATE message_list SET state = 'delivered' WHERE row_number = 1"],
        "read without its time": ["UPDATE message_list SET state = 'read' WHERE row_number = 1"],
        "a time of sending on what waits": ["UPDATE message_list SET sent_at = clock() WHERE row_number = 2"],
    },
}


def test_every_promise_has_a_way_to_break_it():
    assert set(BREAK) == set(sql.promises())
    assert set(BREAK_TOO) <= set(BREAK)


def test_each_promise_holds_and_is_seen_when_it_is_broken(world, tmp_path):
    campaign_id = world.start_ids(tmp_path)
    attempt_id = world.claim(campaign_id, 1)
    world.end(attempt_id, outcome="accepted", state="sent", mid="m-1")
    connection, unseen = world.connection, []
    ways = [(name, "", deeds) for name, deeds in BREAK.items()]
    ways += [(name, word, deeds) for name, others in BREAK_TOO.items() for word, deeds in others.items()]

    assert broken_promises(connection) == {}
    for name, word, deeds in ways:
        with connection.transaction(force_rollback=True):
            for deed in deeds:
                connection.execute(deed.format(other=OTHER))
            if name not in broken_promises(connection):
                unseen.append((name, word))

    assert unseen == []
    assert broken_promises(connection) == {}


# What the database itself refuses, whoever writes: the deed, and the guard that stops it.
GUARDED = {
    "a second message on a row": ("UPDATE message_list SET row_number = 1", "message_list_campaign_id_row_number_key"),
    "a second message to a person": (
        "UPDATE message_list SET user_id = '25000000000000001'",
        "message_list_campaign_id_user_id_key",
    ),
    "a good message to nobody": ("UPDATE message_list SET user_id = NULL", "message_list_check"),
    "a bad row with a person": ("UPDATE message_list SET state = 'invalid'", "message_list_check"),
    "a settled attempt without an outcome": ("UPDATE attempt SET outcome = NULL", "attempt_check"),
    "a second unresolved attempt": (
        "INSERT INTO attempt SELECT (jsonb_populate_record(a, jsonb_build_object('attempt_id', gen_random_uuid(), "
        "'settled_at', NULL))).* FROM attempt AS a, generate_series(1, 2)",
        "attempt_unresolved",
    ),
    "a second answer to a comment": (
        "INSERT INTO attempt SELECT (jsonb_populate_record(a, jsonb_build_object('attempt_id', gen_random_uuid(), "
        "'entitlement_id', 'comment-1'))).* FROM attempt AS a, generate_series(1, 2)",
        "attempt_private_reply",
    ),
    "a pace of nothing": ("UPDATE pace SET per_second = -1", "pace_per_second_check"),
    "a second campaign of a submission": (
        'INSERT INTO campaign SELECT (jsonb_populate_record(c, \'{"campaign_id": '
        '"00000000-0000-7000-8000-000000000001"}\')).* FROM campaign AS c',
        "campaign_submission_id_key",
    ),
}


def test_what_must_never_be_is_refused_by_the_database_itself(world, tmp_path):
    campaign_id = world.start_ids(tmp_path)
    world.end(world.claim(campaign_id, 1), outcome="accepted", state="sent", mid="m-1")
    stopped = {}

    for word, (deed, _) in GUARDED.items():
        try:
            with world.connection.transaction():
                world.connection.execute(deed)
        except psycopg.errors.IntegrityError as error:
            stopped[word] = error.diag.constraint_name

    assert stopped == {word: guard for word, (_, guard) in GUARDED.items()}
