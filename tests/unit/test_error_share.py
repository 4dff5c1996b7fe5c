"""The share of errors: a few say nothing, many stop a campaign, and old ones are forgotten."""

import pytest

from domain.error_share import ErrorShare
from domain.reasons import Reason


def share_of(errors: int, accepted: int, *, limit: float = 0.25) -> ErrorShare:
    share = ErrorShare(limit)
    for _ in range(accepted):
        share.add(None)
    for _ in range(errors):
        share.add(Reason.MESSAGE_REFUSED)
    return share


@pytest.mark.parametrize(
    ("errors", "accepted", "is_told"),
    [(39, 0, False), (40, 0, True), (10, 30, False), (11, 29, True), (50, 150, False), (51, 149, True)],
)
def test_the_limit_must_be_passed_and_enough_be_known(errors, accepted, is_told):
    assert (share_of(errors, accepted).sentence() is not None) is is_told


def test_the_sentence_names_the_numbers_and_the_most_frequent_error():
    share = share_of(30, 60)
    share.add(Reason.PERSON_UNKNOWN)

    assert share.sentence() == "31 of the last 91 messages ended in an error, most of them message_refused (30)"


def test_only_the_last_two_hundred_count():
    share = share_of(0, 1_000)
    for _ in range(51):
        share.add(Reason.PERSON_UNKNOWN)

    assert share.sentence() is not None


def test_a_limit_of_zero_is_none():
    assert share_of(100, 0, limit=0).sentence() is None
