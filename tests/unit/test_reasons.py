"""The sentences of reasons: a closed window says when it closed, and no other reason speaks of that time."""

from datetime import UTC, datetime, timedelta, timezone

from domain.reasons import Reason, explain

CLOSES_AT = datetime(2026, 11, 22, 15, 3, tzinfo=timezone(timedelta(hours=1)))


def test_a_closed_window_says_when_it_closed_in_utc():
    sentence = explain(Reason.WINDOW_CLOSED, closes_at=CLOSES_AT)

    assert sentence == "The 24-hour window of this person closed on 2026-11-22 at 14:03 UTC."


def test_a_window_that_closed_at_an_unknown_time_is_only_said_to_be_closed():
    assert explain(Reason.WINDOW_CLOSED, closes_at=None) == "The 24-hour window of this person is closed."


def test_every_other_reason_has_a_sentence_of_its_own_whenever_the_window_closes():
    others = set(Reason) - {Reason.WINDOW_CLOSED}

    sentences = {explain(reason, closes_at=CLOSES_AT) for reason in others}

    assert len(sentences) == len(others)
    assert sentences == {explain(reason, closes_at=CLOSES_AT.astimezone(UTC) + timedelta(days=1)) for reason in others}
