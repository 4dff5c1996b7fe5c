"""What is unknown or failed, from the command line: look-ups, decisions, retries."""

import pytest

from factories import GOOD_ROWS, user_id


def put_clock_ahead(database, **by):
    from clients.postgres import connect
    from factories import World

    with connect(database) as connection:
        World(connection).put_clock_ahead(**by)


def submit_with_fault(shop, fault, *more, numbers=(1, 2)):
    """Submit to some people, the first of whom is struck by a fault; the campaign and that person's message."""
    shop.platform.add_fault(fault, account=shop.page, user_id=user_id(numbers[0]))
    file = shop.csv("list.csv", [GOOD_ROWS[number] for number in numbers])
    campaign = shop.command.json("submit", *shop.words(file), *more, "--yes")
    shop.platform.clear_faults()
    return campaign["campaign_id"], shop.command.json("messages", campaign["campaign_id"])[0]


def test_an_unknown_message_is_decided_absent_by_typed_consent_and_sent_again(shop):
    campaign_id, message = submit_with_fault(shop, "dropped")
    decide = ("messages", "decide", message["message_id"], "absent", "--because", "not in the inbox")

    unasked = shop.command(*decide)
    decided = shop.command.json(*decide, "--yes", "--by", "Ada")
    run = shop.command.json("campaigns", "run", campaign_id)
    again = shop.command.json(*decide, "--yes", code=2)

    assert message["state"] == "unknown"
    assert unasked.code == 2
    assert "may send a second copy" in unasked.err
    assert (decided["before"], decided["state"], decided["campaign_state"]) == ("unknown", "ready", "sending")
    assert (run["state"], run["by_state"]["sent"]) == ("finished", 2)
    assert "is sent, not unknown" in again["error"]["text"]
    assert len(shop.accepted()) == 2


def test_an_unknown_message_is_decided_sent_with_who_and_why(shop):
    campaign_id, message = submit_with_fault(shop, "sent_but_dropped")

    said = shop.command("messages", "decide", message["message_id"], "sent", "--because", "the person answered it")
    shown = shop.command.json("campaigns", "show", campaign_id)

    assert (said.code, said.out.strip()) == (
        0,
        f"Message {message['message_id']} was unknown and is sent; the decision is kept.",
    )
    assert shown["by_state"]["sent"] == 2
    assert shown["state"] == "finished"


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("decide", "4711", "sent", "--because", "x"), "no message 4711"),
        (("decide", "4711", "maybe", "--because", "x"), "maybe"),
        (("decide", "4711", "sent"), "--because"),
        (("resolve", "nonsense"), "no campaign nonsense"),
    ],
)
def test_a_decision_about_nothing_is_refused_in_words(shop, words, part):
    result = shop.command("messages", *words)

    assert result.code == 2
    assert part in result.err


def test_resolve_finds_what_was_sent_and_says_what_is_left(shop, database_18):
    campaign_id, message = submit_with_fault(shop, "sent_but_dropped")
    early = shop.command("messages", "resolve")
    put_clock_ahead(database_18, minutes=3)

    (report,) = shop.command.json("messages", "resolve", campaign_id)
    (found,) = shop.command.json("messages", "--state", "sent", campaign_id)[:1]
    after = shop.command("messages", "resolve")
    put_clock_ahead(database_18)

    assert "Shop: looked up 0" in early.out
    assert "The next look-up is due in" in early.out
    assert (report["account"], report["looked_up"], report["found"], report["unknown"]) == ("Shop", 1, 1, 0)
    assert found["provider_message_id"].startswith("m_")
    assert message["state"] == "unknown"
    assert after.out == "Nothing is unknown that a look-up could still prove.\n"


def test_a_run_looks_up_what_is_unknown_when_its_grace_is_over(shop, database_18):
    campaign_id, _ = submit_with_fault(shop, "sent_but_dropped")
    put_clock_ahead(database_18, minutes=3)

    run = shop.command.json("campaigns", "run", campaign_id)
    put_clock_ahead(database_18)

    assert run["by_state"]["sent"] == 2


def test_resend_unknown_is_asked_for_at_the_submit_and_off_otherwise(shop):
    asked_for, _ = submit_with_fault(shop, "dropped", "--resend-unknown")
    otherwise, _ = submit_with_fault(shop, "dropped", numbers=(3, 4))

    shown = [shop.command.json("campaigns", "show", one)["resends_unknown"] for one in (asked_for, otherwise)]

    assert shown == [True, False]


def test_failed_messages_are_retried_by_reason_and_sent(shop):
    campaign_id, message = submit_with_fault(shop, "person_unavailable")
    shop.people_write([1], hours_ago=0)  # which ends the cool-off
    retry = ("campaigns", "retry-failed", campaign_id, "--reason")

    unasked = shop.command(*retry, "person_unavailable")
    other = shop.command.json(*retry, "person_unknown")
    done = shop.command.json(*retry, "person_unavailable", "--because", "they came back", "--yes")
    run = shop.command.json("campaigns", "run", campaign_id)
    wrong = shop.command(*retry, "missing_value", "--yes")

    assert (message["state"], message["reason"]) == ("failed", "person_unavailable")
    assert unasked.code == 2
    assert "--yes" in unasked.err
    assert (other["failed"], other["ready"]) == (0, 0)
    assert (done["failed"], done["ready"], done["staying"]) == (1, 1, {})
    assert run["by_state"]["sent"] == 2
    assert wrong.code == 2
    assert "person_unavailable" in wrong.err


def test_a_retry_that_reaches_nobody_ends_with_4_and_says_why(shop):
    campaign_id, _ = submit_with_fault(shop, "person_blocked")
    shop.command.json("suppressions", "add", "Shop", "--user", user_id(1))

    result = shop.command("campaigns", "retry-failed", campaign_id, "--reason", "person_unavailable", "--yes")

    assert result.code == 4
    assert "Failed as person_unavailable: 1. Of these people can be reached now: 0." in result.out
    assert "Stay failed: 1. This person asked for no more messages." in result.out
