"""Whatever comes as a webhook body: nothing is raised about it, and nothing is lost from sight."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from clients.graph.webhook_events import read_body
from clients.graph.webhook_told import (
    Acted,
)
from clients.graph.webhook_words import Why
from domain.window import InteractionKind
from webhook_bodies import ACTS, AT, PAGE, PERSON, body, from_person

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(
    [
        "object",
        "entry",
        "id",
        "time",
        "messaging",
        "standby",
        "changes",
        "field",
        "value",
        "sender",
        "recipient",
        "timestamp",
        "message",
        "is_echo",
        "mid",
        "text",
        "metadata",
        "delivery",
        "mids",
        "watermark",
        "read",
        "postback",
        "referral",
        "source",
        "reaction",
        "action",
        "optin",
        "type",
        "from",
        "item",
        "verb",
        "comment_id",
        "post_id",
        "created_time",
        "policy_enforcement",
        "reason",
        "notification_messages_status",
    ]
)
NEAR_JSON = st.recursive(
    st.sampled_from([PAGE, PERSON, AT, "page", "instagram", "ADS", "add", "comment", "feed", "comments", "react", True])
    | st.none()
    | st.integers()
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=30,
)


WHOLE = st.builds(
    lambda changes, events, field, value: json.dumps(
        {
            "object": "page",
            "entry": [
                {"id": PAGE, "time": AT, "changes": [*changes, {"field": field, "value": value}], "messaging": events}
            ],
        }
    ).encode(),
    changes=st.lists(NEAR_JSON, max_size=2),
    events=st.lists(NEAR_JSON, max_size=2),
    field=st.sampled_from(["feed", "comments"]) | JSON,
    value=NEAR_JSON,
)


@settings(max_examples=100, deadline=None, database=None)
@given(
    WHOLE
    | st.binary()
    | JSON.map(lambda value: json.dumps(value).encode())
    | NEAR_JSON.map(lambda v: json.dumps(v).encode())
)
def test_nothing_that_comes_is_raised_about(raw):
    read = read_body(raw)

    assert read.event_count >= sum(read.strange.values())
    assert set(read.strange) <= set(Why)


@settings(max_examples=50, deadline=None, database=None)
@given(NEAR_JSON, st.sampled_from(sorted({key for parts, _, _ in ACTS.values() for key in parts})))
def test_whatever_an_event_holds_it_is_told_or_counted(part, key):
    read = read_body(body(from_person(**{key: part}), from_person(message={"mid": "m_1", "text": "hi"})))

    assert read.event_count == 2
    assert Acted(PERSON, InteractionKind.MESSAGE, AT, "1") in [one for entry in read.entries for one in entry.told]
