"""What a conversation proves about our message: presence and absence are plain, all else is unclear."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.evidence import Conversation, OtherMessage, Question, SeenMessage, judge

START = datetime(2026, 5, 4, 12, tzinfo=UTC)
PAGE, PERSON = "100", "25000000000000003"
TEXT = "Hello Ada!"
ASKED = Question(PERSON, (PAGE, "200"), TEXT, START, START + timedelta(minutes=3))


def ours(seconds=1.0, *, mid="m_1", text=TEXT, **fields):
    return SeenMessage(
        **{
            "message_id": mid,
            "created_at": START + timedelta(seconds=seconds),
            "from_id": PAGE,
            "to_ids": (PERSON,),
            "text": text,
            **fields,
        }
    )


def theirs(seconds=-3600.0, *, mid="m_0", text="Hi"):
    return ours(seconds, mid=mid, text=text, from_id=PERSON, to_ids=(PAGE,))


def judged(*seen, is_whole=True, **fields):
    return judge(replace(ASKED, **fields), Conversation(tuple(seen), is_whole), skew_seconds=60)


OLD = theirs()
EARLIER = OtherMessage(START - timedelta(days=1), "earlier")
NAMELESS = OtherMessage(START + timedelta(minutes=1), None)

FOUND = {
    "text and time": judged(ours(), OLD),
    "to the second, so a little before": judged(ours(-0.9), OLD),
    "the page did not reach back": judged(ours()),
    "from the other id of the account": judged(ours(from_id="200"), OLD),
    "blanks and letters written otherwise": judged(ours(text="He\u0301llo  Ada!\n"), OLD, text="H\u00e9llo Ada!"),
    "by the id that is known, whatever the text": judged(ours(text="other", mid="m_x"), OLD, message_id="x"),
    "an earlier campaign's same text, known by its id": judged(
        ours(), ours(-86000, mid="m_earlier"), OLD, others=(EARLIER,)
    ),
    "an agent's same text, known by its echo": judged(ours(), ours(5, mid="m_a"), OLD, foreign_ids=frozenset({"m_a"})),
    "an older message of ours that is out of sight": judged(ours(), theirs(-100), others=(EARLIER,)),
}
ABSENT = {
    "read back past the attempt": judged(OLD),
    "their newer messages": judged(theirs(30, mid="m_2"), OLD),
    "ours of another campaign, known by its id": judged(
        ours(1, mid="m_earlier"), OLD, others=(replace(EARLIER, at=START),)
    ),
    "an agent's, known by its echo": judged(ours(5, mid="m_a"), OLD, foreign_ids=frozenset({"a"})),
    "an agent's other text, later": judged(ours(600, text="Can I help?"), OLD),
    "out of order, but whole": judged(OLD, theirs(30, mid="m_2")),
    "in order, with more behind": judged(theirs(30, mid="m_2"), OLD, is_whole=False),
}
UNCLEAR = {
    "nothing is shown": judged(),
    "it does not reach back past the attempt": judged(theirs(30)),
    "it reaches back less than the clocks may differ": judged(theirs(-59)),
    "out of order, with more behind": judged(OLD, theirs(30, mid="m_2"), is_whole=False),
    "out of order, as long as can be read": judged(
        OLD, *(theirs(number, mid=f"m_{number}") for number in range(2, 21))
    ),
    "a time that cannot be read": judged(OLD, replace(OLD, created_at=None)),
    "the same text twice": judged(ours(), ours(5, mid="m_2"), OLD),
    "the same text at another time, as agents write it": judged(ours(), ours(-7200, mid="m_2"), OLD),
    "the same text too late": judged(ours(600), OLD),
    "the same text too early": judged(ours(-61), OLD),
    "the same text from nobody we know": judged(ours(from_id=None), OLD),
    "the same text, and another unknown of ours": judged(ours(), OLD, others=(NAMELESS,)),
    "the same text, and ours of another campaign under another id": judged(
        ours(), OLD, others=(OtherMessage(START, "otherwise"),)
    ),
    "another text of the account in that time": judged(ours(text="Can I help?"), OLD),
    "a message without words in that time": judged(ours(text=""), OLD),
    "a message without words later": judged(ours(600, text=None), OLD),
    "a sender that cannot be read": judged(ours(text="Can I help?", from_id=None), OLD),
    "a content without a text, and something of the account": judged(ours(text=""), OLD, text=None),
    "another person's conversation": judged(ours(to_ids=("4711",)), OLD),
    "a message of somebody else": judged(replace(OLD, from_id="4711"), OLD),
}


@pytest.mark.parametrize("case", FOUND)
def test_a_message_is_found_by(case):
    verdict = FOUND[case]

    assert (verdict.result, verdict.message is not None) == ("found", True)


@pytest.mark.parametrize("case", ABSENT)
def test_a_message_is_absent_when(case):
    verdict = ABSENT[case]

    assert (verdict.result, verdict.message) == ("absent", None)


@pytest.mark.parametrize("case", UNCLEAR)
def test_nothing_is_proven_by(case):
    verdict = UNCLEAR[case]

    assert (verdict.result, verdict.message) == ("unclear", None), verdict.why
