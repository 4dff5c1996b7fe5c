"""The words that webhooks use: fields, events that mean nothing here, and why an event is strange."""

from enum import StrEnum
from typing import Final


class Why(StrEnum):
    """Why an event is strange: in our words, so that nothing a person wrote is ever among them."""

    NO_JSON = "the body is no JSON"
    NO_ENTRY = "there is no list of entries"
    NO_OBJECT = "something else stands where an object belongs"
    NO_PERSON = "it names no person"
    NO_TIME = "it has no usable time"
    BY_THE_ACCOUNT = "the account itself is its sender, and it is no echo"
    ABOUT_NOTHING = "it does not say which message or object it is about"
    NO_ACCOUNT = "it does not say of which Page or Instagram account"
    UNKNOWN_EVENT = "an event of an unknown kind"
    UNKNOWN_FIELD = "a change of an unknown field"
    TEST_EVENT = "an event in the form of the dashboard's tests"
    NOT_APPLIED = "it could not be applied"


# Whole messaging events that stand as {"field", "value"}: only the dashboard's test button is known to send them so.
MESSAGING_FIELDS: Final = frozenset(
    {
        "messages",
        "message_echoes",
        "message_deliveries",
        "message_reads",
        "message_reactions",
        "message_edits",
        "messaging_seen",
        "messaging_postbacks",
        "messaging_postback",
        "messaging_referrals",
        "messaging_referral",
        "messaging_optins",
        "messaging_optouts",
        "messaging_policy_enforcement",
        "messaging_handovers",
        "messaging_handover",
        "messaging_account_linking",
        "standby",
    }
)
FEED_FIELDS: Final = frozenset({"feed", "comments", "live_comments"})

# Events that are understood and change nothing: edits, hand-overs between apps, account linking, typing.
PASSED_OVER: Final = frozenset(
    {
        "message_edit",
        "pass_thread_control",
        "take_thread_control",
        "request_thread_control",
        "app_roles",
        "account_linking",
        "typing",
    }
)
