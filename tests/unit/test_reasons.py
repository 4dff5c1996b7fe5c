"""The sentences of reasons: each has one, and a closed window says when it closed."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.reasons import SENTENCES, Reason, explain


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_its_sentence(reason):
    assert SENTENCES[reason].endswith(".")
    assert explain(reason, closes_at=None) == SENTENCES[reason]


def test_a_closed_window_says_when_it_closed_in_utc():
    closes_at = datetime(2026, 11, 22, 15, 3, tzinfo=timezone(timedelta(hours=1)))

    sentence = explain(Reason.WINDOW_CLOSED, closes_at=closes_at)

    assert sentence == "The 24-hour window of this person closed on 2026-11-22 at 14:03 UTC."


def test_the_time_of_a_window_is_said_of_no_other_reason():
    assert explain(Reason.OPTED_OUT, closes_at=datetime.now(UTC)) == SENTENCES[Reason.OPTED_OUT]
