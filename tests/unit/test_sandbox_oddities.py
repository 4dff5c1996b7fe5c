"""Events told in unusual ways, as real ones were seen."""

import pytest

from sandbox.acts import NOT_ON, ActKind
from sandbox.oddities import Oddity
from sandbox_acts import AT, INSTAGRAM, PAGE, PERSON, SECONDS, TO_PAGE, new_platform, people_told


@pytest.fixture
def platform():
    return new_platform()


@pytest.mark.parametrize(
    ("odd", "change"),
    [
        ("number_ids", {"sender": {"id": int(PERSON)}, "recipient": {"id": int(PAGE)}}),
        ("seconds", {"timestamp": SECONDS}),
        ("swapped", {}),
        ("hyphen", {}),
    ],
)
def test_oddities_change_an_events_form_and_nothing_where_they_do_not_apply(platform, odd, change):
    entry = people_told(platform, PAGE, {"odd": [odd]})

    assert entry["messaging"] == [TO_PAGE | {"message": {"mid": "m_A", "text": "Hello"}} | change]


FIELDS = {
    "message": ({}, "messages"),
    "postback": ({"kind": "postback"}, "messaging_postbacks"),
    "read": ({"kind": "read"}, "message_reads"),
    "m_me": ({"kind": "m_me"}, "messaging_referrals"),
    "react": ({"kind": "reaction"}, "message_reactions"),
    "plugin": ({"kind": "plugin"}, "messaging_optins"),
}


@pytest.mark.parametrize(("item", "field"), FIELDS.values(), ids=FIELDS)
def test_any_event_can_be_told_with_field_and_value_and_its_time_as_a_text(platform, item, field):
    entry = people_told(platform, PAGE, {"odd": ["field_value"], **item})

    assert entry["time"] == SECONDS
    assert entry["changes"][0]["field"] == field
    assert entry["changes"][0]["value"]["timestamp"] == str(SECONDS)
    assert entry["changes"][0]["value"]["sender"] == {"id": PERSON}


def test_an_accounts_oddities_are_those_of_all_its_events(platform):
    platform.put_account({"external_id": PAGE, "odd": ["seconds", "number_ids"]})

    entry = people_told(platform, PAGE, {"kind": "read"})

    assert entry["messaging"][0]["timestamp"] == SECONDS
    assert entry["messaging"][0]["sender"] == {"id": int(PERSON)}
    (line,) = platform.teller.queue.told.after(0, 10)
    assert (line.at_ms, line.watermark_ms, line.odd) == (AT, AT, ["number_ids", "seconds"])


@pytest.mark.parametrize("odd", Oddity)
@pytest.mark.parametrize("account", [PAGE, INSTAGRAM])
def test_every_event_survives_every_oddity(platform, account, odd):
    channel = platform.accounts[account].account.channel
    kinds = [kind for kind in ActKind if kind not in NOT_ON[channel]]
    names = {"user_ref": "u-1", "mid": "A", "comment_id": "1_2", "post_id": "1_9"}

    for kind in kinds:
        takes_user_ref = kind in (ActKind.PLUGIN, ActKind.CHECKBOX, ActKind.GUEST_POSTBACK)
        own = names if takes_user_ref else {name: value for name, value in names.items() if name != "user_ref"}
        item = {"account": account, "user_id": PERSON, "kind": kind, "webhook": True, "odd": [odd], **own}
        platform.people_act([item])

    platform.catch_up()
    assert [line.kind for line in platform.teller.queue.told.after(0, 100)] == kinds
