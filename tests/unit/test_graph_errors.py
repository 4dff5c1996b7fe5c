"""The error catalogue: every class of the platform's errors, and the rules for codes that nobody has listed."""

import logging

import pytest

from clients.graph.answers import outcome_of_reply, usage_percent, wait_seconds
from clients.graph.errors import MEANINGS, GraphError, Meaning, meaning_of, outcome_of
from clients.graph.transport import Reply
from domain.outcome import Accepted, AccountStopped, NotSent, ProviderAnswer, Refused, Throttled, Unknown
from domain.reasons import Reason

# (class letter of the facts, code, subcode, meaning). T, "certainly not sent, try again", has no code of the platform:
# it is the connection that never came about (tests/sandbox/test_graph_messenger.py), and 1200 is careful, U.
CASES = [
    ("U", 1, None, Meaning.UNCLEAR),
    ("U", 1, 99, Meaning.UNCLEAR),
    ("U", 1, 1357046, Meaning.UNCLEAR),
    ("U", 1, 777, Meaning.UNCLEAR),
    ("U", 2, None, Meaning.UNCLEAR),
    ("U", 1200, 2018024, Meaning.UNCLEAR),
    ("U", 9000001, None, Meaning.UNCLEAR),
    ("L", 4, None, Meaning.THROTTLED),
    ("L", 4, 2018022, Meaning.THROTTLED),
    ("L", 9, 2018352, Meaning.THROTTLED),
    ("L", 17, None, Meaning.THROTTLED),
    ("L", 32, None, Meaning.THROTTLED),
    ("L", 341, None, Meaning.THROTTLED),
    ("L", 613, None, Meaning.THROTTLED),
    ("L", 613, 2534040, Meaning.THROTTLED),
    ("L", 613, 1996, Meaning.THROTTLED),
    ("L", 80001, None, Meaning.THROTTLED),
    ("L", 80002, None, Meaning.THROTTLED),
    ("L", 80006, None, Meaning.THROTTLED),
    ("L for one person", 613, 2018338, Meaning.PERSON_LATER),
    ("W", 10, 2018278, Meaning.OUTSIDE_WINDOW),
    ("W", 10, 2534022, Meaning.OUTSIDE_WINDOW),
    ("W", 10, 2018065, Meaning.OUTSIDE_WINDOW),
    ("R", 551, None, Meaning.PERSON_UNAVAILABLE),
    ("R", 551, 1545041, Meaning.PERSON_UNAVAILABLE),
    ("R", 200, 1545041, Meaning.PERSON_UNAVAILABLE),
    ("R", 1545041, None, Meaning.PERSON_UNAVAILABLE),
    ("R", 10, 2018108, Meaning.PERSON_UNAVAILABLE),
    ("R", 10, 1893015, Meaning.PERSON_UNAVAILABLE),
    ("R", 100, 2018001, Meaning.PERSON_UNKNOWN),
    ("R", 100, 2534014, Meaning.PERSON_UNKNOWN),
    ("R", 100, 33, Meaning.PERSON_UNKNOWN),
    ("B", 100, None, Meaning.BAD_REQUEST),
    ("B", 100, 2018034, Meaning.BAD_REQUEST),
    ("B", 100, 999, Meaning.BAD_REQUEST),
    ("B", 2, 2018344, Meaning.BAD_REQUEST),
    ("B", 613, 1893016, Meaning.BAD_REQUEST),
    ("B", 10, 2018336, Meaning.BAD_REQUEST),
    ("B", 100, 2534025, Meaning.COMMENT_INVALID),
    ("H", 100, 2534037, Meaning.OTHER_APP),
    ("H", 10, 2018300, Meaning.OTHER_APP),
    ("H", 100, 2018171, Meaning.OTHER_APP),
    ("H", 2018321, None, Meaning.OTHER_APP),
    ("K", 190, None, Meaning.NO_PERMISSION),
    ("K", 190, 463, Meaning.NO_PERMISSION),
    ("K", 102, None, Meaning.NO_PERMISSION),
    ("K", 3, None, Meaning.NO_PERMISSION),
    ("K", 10, None, Meaning.NO_PERMISSION),
    ("K", 104, None, Meaning.NO_PERMISSION),
    ("K", 200, None, Meaning.NO_PERMISSION),
    ("K", 230, None, Meaning.NO_PERMISSION),
    ("K", 299, 12345, Meaning.NO_PERMISSION),
    ("K", 200, 2534041, Meaning.NO_PERMISSION),
    ("K", 100, 2018164, Meaning.NO_PERMISSION),
    ("K", 100, 2534013, Meaning.NO_PERMISSION),
    ("X", 10, 1893063, Meaning.RESTRICTED),
    ("X", 100, 2534029, Meaning.RESTRICTED),
    ("X", 368, None, Meaning.RESTRICTED),
    ("X", 25, 2207050, Meaning.RESTRICTED),
    ("X", 10, 2534122, Meaning.RESTRICTED),
    ("unlisted", 300, None, None),
    ("unlisted", 199, None, None),
    ("unlisted", 25, None, None),
]


def graph_reply(status=400, body=b"{}", **headers):
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def outcome_of_body(body, *, status=400, token="secret-token", **headers):
    return outcome_of_reply(graph_reply(status, body, **headers), token=token, account_ids=("1001",))


@pytest.mark.parametrize(
    ("_letter", "code", "subcode", "meaning"), CASES, ids=[f"{case[0]}-{case[1]}-{case[2]}" for case in CASES]
)
def test_a_code_and_subcode_mean_what_the_catalogue_says(_letter, code, subcode, meaning):
    assert meaning_of(code, subcode) == meaning


def test_the_cases_cover_every_class_of_the_catalogue_and_every_meaning():
    assert {case[0][0] for case in CASES} == {*"ULWRBHKX", "u"}
    assert {case[3] for case in CASES} == {*Meaning, None}
    assert set(MEANINGS.values()) == set(Meaning)


@pytest.mark.parametrize(
    ("code", "subcode", "outcome"),
    [
        pytest.param(2, None, Unknown(Reason.UNCLEAR_ANSWER, ProviderAnswer(2, None, "t")), id="unclear"),
        pytest.param(4, None, Throttled(ProviderAnswer(4, None, "t"), 60.0), id="throttled"),
        pytest.param(613, 2018338, NotSent(ProviderAnswer(613, 2018338, "t")), id="this person later"),
        pytest.param(10, 2018278, Refused(Reason.OUTSIDE_WINDOW, ProviderAnswer(10, 2018278, "t")), id="window"),
        pytest.param(551, None, Refused(Reason.PERSON_UNAVAILABLE, ProviderAnswer(551, None, "t")), id="blocked"),
        pytest.param(100, 2018001, Refused(Reason.PERSON_UNKNOWN, ProviderAnswer(100, 2018001, "t")), id="nobody"),
        pytest.param(100, None, Refused(Reason.MESSAGE_REFUSED, ProviderAnswer(100, None, "t")), id="bad request"),
        pytest.param(
            100, 2534037, Refused(Reason.OTHER_APP_IN_CONTROL, ProviderAnswer(100, 2534037, "t")), id="other app"
        ),
        pytest.param(190, 463, AccountStopped(ProviderAnswer(190, 463, "t")), id="dead token"),
        pytest.param(368, None, AccountStopped(ProviderAnswer(368, None, "t")), id="restricted"),
    ],
)
def test_every_meaning_has_its_outcome(code, subcode, outcome):
    error = GraphError(code, subcode, text="t")

    assert outcome_of(error, status=400, wait_seconds=60.0) == outcome


@pytest.mark.parametrize("status", [200, 301, 500, 503])
@pytest.mark.parametrize("code", [4, 100, 190, 551])
def test_no_status_but_a_refusal_is_trusted_to_mean_not_sent(status, code):
    outcome = outcome_of(GraphError(code, text="t"), status=status)

    assert outcome == Unknown(Reason.UNCLEAR_ANSWER, ProviderAnswer(code, None, "t"))


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        pytest.param(GraphError(98765, 4321, text="t"), 400, Unknown, id="unknown"),
        pytest.param(GraphError(98765, 4321, text="t"), 429, Throttled, id="429 is throttled"),
    ],
)
def test_an_unlisted_code_is_warned_of_and_its_text_kept(error, status, kind, caplog):
    with caplog.at_level(logging.WARNING):
        outcome = outcome_of(error, status=status)

    assert isinstance(outcome, kind)
    assert outcome.answer == ProviderAnswer(98765, 4321, "t")
    assert [record.getMessage() for record in caplog.records] == [
        f"unlisted Graph error: status={status} code=98765 subcode=4321"
    ]


def test_the_text_never_decides():
    error = GraphError(200, 1545041, text="(#551) This person isn't available right now.")

    assert outcome_of(error, status=400) == Refused(
        Reason.PERSON_UNAVAILABLE, ProviderAnswer(200, 1545041, "(#551) This person isn't available right now.")
    )


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>Bad gateway</html>", id="html"),
        pytest.param(b"\xff\xfe\x00", id="no text"),
        pytest.param(b"[1, 2]", id="a list"),
        pytest.param(b'{"error": "no"}', id="error is a text"),
        pytest.param(b'{"error": {"message": "no code"}}', id="no code"),
        pytest.param(b'{"error": {"code": true}}', id="code is a truth value"),
        pytest.param(b'{"error": {"code": 99999999999999999999}}', id="code is no code"),
        pytest.param(b"[" * 100_000, id="very deep"),
        pytest.param(b'{"error": {"code": ' + b"9" * 5_000 + b"}}", id="very long number"),
    ],
)
@pytest.mark.parametrize("status", [200, 302, 400, 401, 429, 500])
def test_what_is_not_the_platforms_own_answer_is_unknown(body, status):
    outcome = outcome_of_body(body, status=status)

    assert isinstance(outcome, Unknown)
    assert outcome.reason is Reason.UNCLEAR_ANSWER


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"recipient_id": "1"}', id="without message_id"),
        pytest.param(b'{"message_id": ""}', id="empty message_id"),
        pytest.param(b'{"message_id": 5}', id="message_id is a number"),
        pytest.param(b'{"message_id": "a\\u0000b"}', id="message_id that cannot be stored"),
        pytest.param(b'{"message_id": "m_1", "error": {"code": 1, "message": "x"}}', id="both"),
        pytest.param(b'{"message_id": "m_1", "error": "x"}', id="both, odd error"),
    ],
)
def test_a_success_is_only_believed_with_a_message_id_and_no_error(body):
    assert isinstance(outcome_of_body(body, status=200), Unknown)


def test_a_success_with_a_message_id_is_accepted():
    assert outcome_of_body(b'{"recipient_id": "1", "message_id": "m_1"}', status=200) == Accepted("m_1")


def test_codes_written_as_texts_are_read():
    outcome = outcome_of_body(b'{"error": {"code": "10", "error_subcode": "2018278", "message": "late"}}')

    assert outcome == Refused(Reason.OUTSIDE_WINDOW, ProviderAnswer(10, 2018278, "late"))


def test_a_text_is_kept_without_token_and_without_what_postgres_cannot_store():
    body = (
        b'{"error": {"code": 190, "message": "Malformed access token secret-token\\u0000\\ud800 or EAABwzLixnjYBAA", '
        b'"fbtrace_id": "AbC"}}'
    )

    outcome = outcome_of_body(body, status=401)

    assert outcome == AccountStopped(
        ProviderAnswer(190, None, "Malformed access token [token]? or [token] | fbtrace_id AbC")
    )


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        pytest.param({}, None, id="nothing named"),
        pytest.param({"retry-after": "7"}, 7.0, id="Retry-After in seconds"),
        pytest.param({"retry-after": "Fri, 31 Dec 2027 23:59:59 GMT"}, None, id="Retry-After as a date"),
        pytest.param({"retry-after": "inf"}, None, id="endless"),
        pytest.param({"retry-after": "-3"}, None, id="negative"),
        pytest.param(
            {"x-business-use-case-usage": '{"1001": [{"estimated_time_to_regain_access": 2}]}', "retry-after": "7"},
            120.0,
            id="minutes before Retry-After",
        ),
        pytest.param(
            {
                "x-business-use-case-usage": '{"9": [{"estimated_time_to_regain_access": 50}],'
                ' "1001": [{"estimated_time_to_regain_access": 1}, {"estimated_time_to_regain_access": 3}]}'
            },
            180.0,
            id="the entry of the account",
        ),
        pytest.param(
            {"x-business-use-case-usage": '{"9": [{"estimated_time_to_regain_access": 50}]}'},
            3_000.0,
            id="else the longest",
        ),
        pytest.param(
            {"x-business-use-case-usage": '{"1001": [{"estimated_time_to_regain_access": 0}]}', "retry-after": "9"},
            9.0,
            id="no minutes named",
        ),
        pytest.param({"x-business-use-case-usage": '{"1001": 5, "9": [7]}'}, None, id="odd shapes"),
        pytest.param({"retry-after": "1e30"}, 86_400.0, id="a day at most"),
    ],
)
def test_the_wait_of_a_throttle_comes_from_the_headers(headers, seconds):
    assert wait_seconds(headers, ("1001",)) == seconds


def test_the_usage_is_the_largest_percentage_of_both_headers():
    headers = {
        "x-app-usage": '{"call_count": 28, "total_time": 208, "total_cputime": 25}',
        "x-business-use-case-usage": '{"1001": [{"type": "messenger", "call_count": 95, "total_time": 20}]}',
    }

    assert usage_percent(headers) == 208.0
    assert usage_percent({"x-app-usage": "no json"}) is None
    assert usage_percent({}) is None
