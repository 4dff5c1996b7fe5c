"""Which POST a fault strikes, and what faults may be asked for."""

import pytest

from sandbox.errors import ControlError
from sandbox.faults import PRESETS, Fault, FaultBook, FaultKind, FaultRule, GarbageForm, read_fault, read_rule

DROP = Fault(FaultKind.DROP)


def strikes(book, *, account="1", user_id="5", times=6):
    return [book.take((account,), user_id) is not None for _ in range(times)]


def book_of(*rules):
    book = FaultBook()
    for rule in rules:
        book.add(rule)
    return book


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (FaultRule(DROP), [1, 1, 1, 1, 1, 1]),
        (FaultRule(DROP, every=2), [0, 1, 0, 1, 0, 1]),
        (FaultRule(DROP, count=2), [1, 1, 0, 0, 0, 0]),
        (FaultRule(DROP, after=3), [0, 0, 0, 1, 1, 1]),
        (FaultRule(DROP, every=2, after=1, count=1), [0, 0, 1, 0, 0, 0]),
        (FaultRule(DROP, count=0), [0, 0, 0, 0, 0, 0]),
        (FaultRule(DROP, account="1", user_id="5"), [1, 1, 1, 1, 1, 1]),
        (FaultRule(DROP, account="2"), [0, 0, 0, 0, 0, 0]),
        (FaultRule(DROP, user_id="6"), [0, 0, 0, 0, 0, 0]),
    ],
)
def test_a_rule_strikes_whom_and_as_often_as_it_says(rule, expected):
    assert strikes(book_of(rule)) == [bool(one) for one in expected]


def test_posts_of_others_do_not_count_for_a_rule():
    book = book_of(FaultRule(DROP, user_id="5", every=2))

    strikes(book, user_id="6", times=3)

    assert strikes(book, times=2) == [False, True]


def test_of_two_rules_due_the_older_strikes_and_the_other_keeps_its_turns():
    hang = Fault(FaultKind.HANG)
    book = book_of(FaultRule(DROP, every=2), FaultRule(hang, count=2))

    taken = [book.take(("1",), "5") for _ in range(5)]

    assert taken == [hang, DROP, hang, DROP, None]


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_asked_for_by_name(name):
    assert read_fault(name) == read_fault({"preset": name}) == PRESETS[name]


@pytest.mark.parametrize("kind", FaultKind)
def test_every_kind_can_be_asked_for_without_more(kind):
    fault = read_fault({"kind": kind.value})

    assert fault.kind is kind
    answers_error = kind in (FaultKind.ERROR, FaultKind.PERFORM_THEN_ERROR, FaultKind.THROTTLE)
    assert (fault.error is not None) == answers_error


def test_an_error_takes_its_codes_status_headers_and_retry_after():
    fault = read_fault(
        {"kind": "error", "code": 4, "subcode": 7, "http_status": 403, "retry_after": 9, "headers": {"X-A": "b"}}
    )

    assert fault.error is not None
    assert (fault.error.code, fault.error.subcode, fault.error.http_status) == (4, 7, 403)
    assert dict(fault.error.headers) == {"X-A": "b", "Retry-After": "9"}


def test_another_code_does_not_keep_the_subcode_of_the_default():
    fault = read_fault({"kind": "perform_then_error", "code": 2})

    assert fault.error is not None
    assert (fault.error.code, fault.error.subcode) == (2, None)


def test_a_preset_can_be_changed_in_part():
    fault = read_fault({"preset": "throttled", "seconds": 9})

    assert (fault.kind, fault.seconds) == (FaultKind.THROTTLE, 9.0)


def test_garbage_takes_a_form_and_whether_the_message_is_accepted():
    fault = read_fault({"kind": "garbage", "form": "truncated_json", "accepted": False})

    assert (fault.form, fault.is_performed) == (GarbageForm.TRUNCATED_JSON, False)


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"fault": "no such preset"},
        {"fault": 5},
        {"fault": {}},
        {"fault": {"kind": "explode"}},
        {"fault": {"preset": 5}},
        {"fault": {"kind": "drop", "colour": "red"}},
        {"fault": {"kind": "drop", "code": 4}},
        {"fault": {"kind": "error", "code": "4"}},
        {"fault": {"kind": "error", "http_status": None}},
        {"fault": {"kind": "error", "headers": ["X-A"]}},
        {"fault": {"kind": "delay", "seconds": -1}},
        {"fault": {"kind": "delay", "seconds": "long"}},
        {"fault": {"kind": "garbage", "form": "poem"}},
        {"fault": "dropped", "every": 0},
        {"fault": "dropped", "after": -1},
        {"fault": "dropped", "count": "many"},
        {"fault": "dropped", "when": "now"},
    ],
)
def test_a_senseless_rule_is_refused(item):
    with pytest.raises(ControlError):
        read_rule(item)
