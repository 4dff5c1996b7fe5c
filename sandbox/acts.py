"""What people do on an account: every kind that a control call may ask for, read into acts. No state in here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from domain.template import Channel
from sandbox.clock import milliseconds_from
from sandbox.errors import ControlError
from sandbox.message_ids import MessageIds
from sandbox.oddities import Oddity, read_oddities

# A person's act further ahead of the platform's clock than this is a mistake of the test that made it.
_FUTURE_TOLERANCE_MS: Final = 60_000


class ActKind(StrEnum):
    """What people can do. The first nine are the kinds of interactions, under the same names."""

    MESSAGE = "message"
    POSTBACK = "postback"
    AD_MESSAGE = "ad_message"
    M_ME = "m_me"
    IG_ME = "ig_me"
    REACTION = "reaction"
    COMMENT = "comment"
    VISITOR_POST = "visitor_post"
    PLUGIN = "plugin"
    # None of the following opens a window or allows anything.
    AD_REFERRAL = "ad_referral"  # an ad was clicked in an existing thread, and nothing written
    UNREACT = "unreact"
    CHECKBOX = "checkbox"  # a plugin's opt-in that names a user_ref and no person
    GUEST_POSTBACK = "guest_postback"  # a postback whose sender is a user_ref
    MARKETING_OPT_IN = "marketing_opt_in"
    MARKETING_STOP = "marketing_stop"
    MARKETING_RESUME = "marketing_resume"
    COMMENT_EDITED = "comment_edited"
    COMMENT_HIDDEN = "comment_hidden"
    COMMENT_UNHIDDEN = "comment_unhidden"
    COMMENT_REMOVED = "comment_removed"
    VISITOR_POST_EDITED = "visitor_post_edited"
    VISITOR_POST_REMOVED = "visitor_post_removed"
    EDIT = "edit"
    UNSEND = "unsend"
    READ = "read"
    ACCOUNT_LINKING = "account_linking"


# A comment or a visitor post allows one private reply and opens nothing.
ENTITLING: Final = frozenset({ActKind.COMMENT, ActKind.VISITOR_POST})
WRITING: Final = frozenset({ActKind.MESSAGE, ActKind.AD_MESSAGE})
OPENING: Final = WRITING | {ActKind.POSTBACK, ActKind.M_ME, ActKind.IG_ME, ActKind.REACTION, ActKind.PLUGIN}
NAMELESS: Final = frozenset({ActKind.CHECKBOX, ActKind.GUEST_POSTBACK})
COMMENT_CHANGES: Final = {
    ActKind.COMMENT_EDITED: "edited",
    ActKind.COMMENT_HIDDEN: "hide",
    ActKind.COMMENT_UNHIDDEN: "unhide",
    ActKind.COMMENT_REMOVED: "remove",
}
POST_CHANGES: Final = {ActKind.VISITOR_POST_EDITED: "edited", ActKind.VISITOR_POST_REMOVED: "remove"}
REMOVING: Final = frozenset({ActKind.COMMENT_REMOVED, ActKind.VISITOR_POST_REMOVED})

NOT_ON: Final = {
    Channel.MESSENGER: frozenset({ActKind.IG_ME, ActKind.UNSEND}),
    Channel.INSTAGRAM: frozenset(
        {
            ActKind.M_ME,
            ActKind.VISITOR_POST,
            ActKind.PLUGIN,
            ActKind.MARKETING_OPT_IN,
            ActKind.MARKETING_STOP,
            ActKind.MARKETING_RESUME,
            ActKind.ACCOUNT_LINKING,
            *NAMELESS,
            *COMMENT_CHANGES,
            *POST_CHANGES,
        }
    ),
}
_ON: Final = {channel: {str(kind): kind for kind in ActKind if kind not in NOT_ON[channel]} for channel in Channel}

ATTACHMENT_TYPES: Final = frozenset(
    {"image", "video", "audio", "file", "sticker", "reel", "ig_reel", "post", "ig_post", "template", "fallback"}
    | {"appointment_booking", "location", "story_mention", "share", "like_heart", "unsupported_type"}
)
_ONLY_INSTAGRAM: Final = frozenset({"story_mention", "ig_reel", "ig_post", "share", "like_heart"})

# What an item may say beside its kind, for each kind.
_MESSAGE_DETAILS: Final = frozenset({"attachment", "quick_reply", "reply_to", "story_reply"})
_OPTIN_DETAILS: Final = frozenset({"payload", "title"})
_POSTBACK_DETAILS: Final = frozenset({"payload", "title", "referral", "ref"})
_COMMENT_DETAILS: Final = frozenset({"post_id", "parent_id"})
_DETAILS: Final[Mapping[ActKind, frozenset[str]]] = {
    ActKind.MESSAGE: _MESSAGE_DETAILS,
    ActKind.AD_MESSAGE: _MESSAGE_DETAILS | {"ref", "ad_id"},
    ActKind.POSTBACK: _POSTBACK_DETAILS,
    ActKind.GUEST_POSTBACK: _POSTBACK_DETAILS | {"user_ref"},
    ActKind.M_ME: frozenset({"ref"}),
    ActKind.IG_ME: frozenset({"ref"}),
    ActKind.AD_REFERRAL: frozenset({"ref", "ad_id"}),
    ActKind.REACTION: frozenset({"emoji", "reaction"}),
    ActKind.PLUGIN: frozenset({"ref", "user_ref"}),
    ActKind.CHECKBOX: frozenset({"ref", "user_ref"}),
    ActKind.MARKETING_OPT_IN: _OPTIN_DETAILS,
    ActKind.MARKETING_STOP: _OPTIN_DETAILS,
    ActKind.MARKETING_RESUME: _OPTIN_DETAILS,
    ActKind.COMMENT: _COMMENT_DETAILS,
    **dict.fromkeys(COMMENT_CHANGES, _COMMENT_DETAILS),
    ActKind.ACCOUNT_LINKING: frozenset({"status", "authorization_code"}),
}
_NO_DETAILS: Final[frozenset[str]] = frozenset()
_COMMON: Final = frozenset(
    {"account", "user_id", "kind", "occurred_at", "webhook", "odd", "text", "mid", "comment_id", "post_id"}
)
_WITH_MESSAGE_ID: Final = WRITING | {ActKind.POSTBACK, ActKind.GUEST_POSTBACK, ActKind.REACTION, ActKind.UNREACT}
_NEEDS_MESSAGE_ID: Final = frozenset({ActKind.EDIT, ActKind.UNSEND})
_CHOICES: Final[Mapping[str, frozenset[str]]] = {
    "attachment": ATTACHMENT_TYPES,
    "referral": frozenset({"SHORTLINK", "ADS"}),
    "status": frozenset({"linked", "unlinked"}),
}


@dataclass(frozen=True, slots=True)
class Act:
    """One thing a person did, at `at_ms` on the platform's clock.

    `bare_id` is the id, without `m_`, of the message it made or is about; `object_id` names the comment or the post;
    `user_id` is empty where the platform names no person. `odd` is how its webhook is told in unusual ways.
    """

    user_id: str
    kind: ActKind
    at_ms: int
    text: str = ""
    bare_id: str = ""
    object_id: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    odd: tuple[Oddity, ...] = ()


def read_act(item: Mapping[str, Any], channel: Channel, *, now_ms: int, ids: MessageIds) -> Act:
    """Return the act that an item describes, with ids made up where none are given. Raises ControlError."""
    kind = _kind_on(item.get("kind", "message"), channel)
    details = _details(item, kind, channel)
    text = str(item.get("text", "" if "attachment" in details else "Hello"))
    return Act(
        _user_id(item, kind),
        kind,
        moment_of(item, now_ms=now_ms),
        text,
        bare_id=_message_id(item, kind, channel=channel, ids=ids),
        object_id=_object_id(item, kind, ids),
        details=details,
        odd=read_oddities(item["odd"]) if "odd" in item else (),
    )


def moment_of(item: Mapping[str, Any], *, now_ms: int) -> int:
    """Return when an item says that it happened; now, unless it says so."""
    if "occurred_at" not in item:
        return now_ms
    at_ms = milliseconds_from(item["occurred_at"])
    if at_ms > now_ms + _FUTURE_TOLERANCE_MS:
        raise ControlError("occurred_at lies ahead of the sandbox's clock; move the clock first")
    return at_ms


def person_id(value: object) -> str:
    """Return the person's id, or raise ControlError: it is a text of digits."""
    if not isinstance(value, str) or not (value.isascii() and value.isdigit()):
        raise ControlError(f"user_id is a text of digits, not {value!r}")
    return value


def _kind_on(value: object, channel: Channel) -> ActKind:
    """Return the kind of act, if people can do that on the channel."""
    kind = _ON[channel].get(value) if isinstance(value, str) else None
    if kind is None:
        raise ControlError(f"there is no kind {value!r} on {channel}; there are {', '.join(sorted(_ON[channel]))}")
    return kind


def _user_id(item: Mapping[str, Any], kind: ActKind) -> str:
    """Return who did it; the platform does not say who is behind a user_ref."""
    if kind not in NAMELESS:
        return person_id(item.get("user_id"))
    if not item.get("user_ref"):
        raise ControlError(f"{kind} has a user_ref, a text")
    return ""


def _details(item: Mapping[str, Any], kind: ActKind, channel: Channel) -> Mapping[str, str]:
    """Return what is special to the kind, checked."""
    own = _DETAILS.get(kind, _NO_DETAILS)
    extra = item.keys() - _COMMON
    if not extra <= own:
        allowed = ", ".join(sorted(_COMMON | own))
        raise ControlError(f"{kind} has no {min(extra - own)!r}; an act of that kind has {allowed}")
    details = {name: item[name] for name in own & item.keys()}
    for name, value in details.items():
        if not isinstance(value, str) or not value or value not in _CHOICES.get(name, (value,)):
            raise ControlError(f"{name} of {kind} cannot be {value!r}")
    is_foreign = details.get("attachment") in _ONLY_INSTAGRAM or "story_reply" in details
    if is_foreign and channel is not Channel.INSTAGRAM:
        raise ControlError("stories, reels and hearts are sent on Instagram alone")
    return details


def _message_id(item: Mapping[str, Any], kind: ActKind, *, channel: Channel, ids: MessageIds) -> str:
    """Return the id of the message that the act makes or is about, without `m_`; empty where it has none."""
    given = item.get("mid")
    is_needed = kind in _NEEDS_MESSAGE_ID or (kind is ActKind.READ and channel is Channel.INSTAGRAM)
    if is_needed and not given:
        raise ControlError(f"{kind} names a message by its mid")
    if given:
        return str(given).removeprefix("m_")
    return ids.bare(channel) if kind in _WITH_MESSAGE_ID else ""


def _object_id(item: Mapping[str, Any], kind: ActKind, ids: MessageIds) -> str:
    """Return the id of the comment or post that the act makes or is about; empty where it has none."""
    is_post = kind is ActKind.VISITOR_POST or kind in POST_CHANGES
    given = item.get("post_id") if is_post else item.get("comment_id")
    if kind in ENTITLING:
        # Either name was taken for both before posts could be named by a comment.
        named = given or item.get("comment_id") or (item.get("post_id") if is_post else None)
        return str(named) if named else f"{ids.digits()}_{ids.digits()}"
    if kind not in COMMENT_CHANGES and kind not in POST_CHANGES:
        return ""
    if not given:
        raise ControlError(f"{kind} names a {'post by its post_id' if is_post else 'comment by its comment_id'}")
    return str(given)
