"""The error catalogue of the Graph API: what each (code, subcode) means for one message and for its account.

Only code and subcode decide. The text follows the locale of the request, and the code it quotes can be another one
than the code beside it, so it is kept for people and never read.
"""

import logging
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, assert_never

from domain.outcome import AccountStopped, NotSent, ProviderAnswer, Refused, Throttled, Unknown
from domain.reasons import Reason

_log = logging.getLogger(__name__)

ErrorOutcome = Refused | NotSent | Throttled | AccountStopped | Unknown


class Meaning(StrEnum):
    """What an error says about the message, the person or the account."""

    UNCLEAR = "unclear"  # it may have been sent all the same
    THROTTLED = "throttled"  # the whole account has to wait
    PERSON_LATER = "person_later"  # this person should be left in peace for a while
    OUTSIDE_WINDOW = "outside_window"
    PERSON_UNAVAILABLE = "person_unavailable"
    PERSON_UNKNOWN = "person_unknown"
    BAD_REQUEST = "bad_request"
    COMMENT_INVALID = "comment_invalid"  # no private reply to it: answered, taken back, or too old
    OTHER_APP = "other_app"  # another app, or an automation, holds the conversation
    NO_PERMISSION = "no_permission"  # the token is dead or may not do this
    RESTRICTED = "restricted"  # the account itself may not send


@dataclass(frozen=True)
class GraphError:
    """The `error` object of an answer: what the outcome is decided on, and the text that is kept."""

    code: int
    subcode: int | None = None
    text: str = ""


# A code of None stands for "under any code": Meta documents some subcodes without saying under which code they come.
_Key = tuple[int | None, int | None]

MEANINGS: Final = MappingProxyType[_Key, Meaning](
    {
        # 1/1357046 is documented as "messages were sent"; code 2 also comes when a person has blocked the Page.
        (1, None): Meaning.UNCLEAR,
        (1, 99): Meaning.UNCLEAR,
        (1, 1357046): Meaning.UNCLEAR,
        (2, None): Meaning.UNCLEAR,
        (1200, None): Meaning.UNCLEAR,
        (1200, 2018024): Meaning.UNCLEAR,
        # Documented for reads only, as "cannot tell": as an answer to a send they prove nothing.
        (9000001, None): Meaning.UNCLEAR,
        (10900, None): Meaning.UNCLEAR,
        # Limits of the app, the user, the Page and the business use case.
        (4, None): Meaning.THROTTLED,
        (4, 2018022): Meaning.THROTTLED,
        (4, 2018354): Meaning.THROTTLED,
        (9, 2018352): Meaning.THROTTLED,
        (17, None): Meaning.THROTTLED,
        (32, None): Meaning.THROTTLED,
        (341, None): Meaning.THROTTLED,
        (613, None): Meaning.THROTTLED,
        (613, 1996): Meaning.THROTTLED,
        (613, 2534040): Meaning.THROTTLED,
        (80001, None): Meaning.THROTTLED,
        (80002, None): Meaning.THROTTLED,
        (80006, None): Meaning.THROTTLED,
        # A warning about one person ("bothering this person"). It was not sent; the rest of the account goes on.
        (613, 2018338): Meaning.PERSON_LATER,
        (10, 2018065): Meaning.OUTSIDE_WINDOW,
        (10, 2018278): Meaning.OUTSIDE_WINDOW,
        (10, 2534022): Meaning.OUTSIDE_WINDOW,
        # Real logs show 1545041 under 551 and under 200; one page of Meta's lists it as a code of its own.
        (551, None): Meaning.PERSON_UNAVAILABLE,
        (551, 1545041): Meaning.PERSON_UNAVAILABLE,
        (200, 1545041): Meaning.PERSON_UNAVAILABLE,
        (None, 1545041): Meaning.PERSON_UNAVAILABLE,
        (1545041, None): Meaning.PERSON_UNAVAILABLE,
        (10, 2018108): Meaning.PERSON_UNAVAILABLE,
        (10, 1893015): Meaning.PERSON_UNAVAILABLE,
        (100, 2018001): Meaning.PERSON_UNKNOWN,
        (100, 2534014): Meaning.PERSON_UNKNOWN,
        # "No such object, or no permission": one answer cannot tell which. If it is the account, every message gets
        # it, and the limit on the share of errors pauses the campaign.
        (100, 33): Meaning.PERSON_UNKNOWN,
        # Any other bad parameter, retired message tags and a wrong appsecret_proof among them.
        (100, None): Meaning.BAD_REQUEST,
        (100, 2018008): Meaning.BAD_REQUEST,
        (100, 2018014): Meaning.BAD_REQUEST,
        (100, 2018034): Meaning.BAD_REQUEST,
        (100, 2018047): Meaning.BAD_REQUEST,
        (100, 2018074): Meaning.BAD_REQUEST,
        (100, 2018109): Meaning.BAD_REQUEST,
        (100, 2018294): Meaning.BAD_REQUEST,
        (100, 2018320): Meaning.BAD_REQUEST,
        (100, 2018328): Meaning.BAD_REQUEST,
        (100, 2018388): Meaning.BAD_REQUEST,
        (100, 2534015): Meaning.BAD_REQUEST,
        (100, 2534025): Meaning.COMMENT_INVALID,
        (100, 36000): Meaning.BAD_REQUEST,
        (36000, None): Meaning.BAD_REQUEST,
        (506, None): Meaning.BAD_REQUEST,
        (2, 2018344): Meaning.BAD_REQUEST,
        (613, 1893016): Meaning.BAD_REQUEST,
        # Menus, payments, linking and calling: none of ours, and under code 10 they must not stop the account.
        (10, 2018336): Meaning.BAD_REQUEST,
        (None, 2018144): Meaning.BAD_REQUEST,
        (None, 2018154): Meaning.BAD_REQUEST,
        (None, 2018163): Meaning.BAD_REQUEST,
        (None, 2018166): Meaning.BAD_REQUEST,
        (None, 2018234): Meaning.BAD_REQUEST,
        (100, 2534037): Meaning.OTHER_APP,
        (None, 2018171): Meaning.OTHER_APP,
        (None, 2018300): Meaning.OTHER_APP,
        (None, 2018321): Meaning.OTHER_APP,
        (2018171, None): Meaning.OTHER_APP,
        (2018300, None): Meaning.OTHER_APP,
        (2018321, None): Meaning.OTHER_APP,
        (3, None): Meaning.NO_PERMISSION,
        (10, None): Meaning.NO_PERMISSION,
        (10, 2534077): Meaning.NO_PERMISSION,
        (100, 2018164): Meaning.NO_PERMISSION,
        (100, 2534013): Meaning.NO_PERMISSION,
        (102, None): Meaning.NO_PERMISSION,
        (104, None): Meaning.NO_PERMISSION,
        (190, None): Meaning.NO_PERMISSION,  # whatever its subcode says about how the token died
        (200, 2018021): Meaning.NO_PERMISSION,
        (200, 2018027): Meaning.NO_PERMISSION,
        (200, 2018028): Meaning.NO_PERMISSION,
        (200, 2534041): Meaning.NO_PERMISSION,
        (10, 1404170): Meaning.RESTRICTED,
        (10, 1893063): Meaning.RESTRICTED,
        (10, 2022): Meaning.RESTRICTED,
        (25, 2207050): Meaning.RESTRICTED,
        (100, 2534029): Meaning.RESTRICTED,
        (368, None): Meaning.RESTRICTED,
        (None, 2534122): Meaning.RESTRICTED,
        (2534122, None): Meaning.RESTRICTED,
    }
)

# Meta documents 200 to 299 as "permission missing" as a whole.
PERMISSION_CODES: Final = range(200, 300)


def meaning_of(code: int, subcode: int | None) -> Meaning | None:
    """Return what (code, subcode) means, or None for a code that is not listed.

    The pair comes first, then a subcode that means the same under every code, then the code alone, then the ranges.
    Source: Meta's pages "Error codes" of the Messenger Platform and "Error handling" of the Graph API.
    """
    for key in ((code, subcode), (None, subcode), (code, None)):
        if key in MEANINGS:
            return MEANINGS[key]
    return Meaning.NO_PERMISSION if code in PERMISSION_CODES else None


def outcome_of(error: GraphError, *, status: int, wait_seconds: float | None = None) -> ErrorOutcome:
    """Return how a message ended whose POST was answered with this error and HTTP status.

    `wait_seconds` is the wait that the headers named, if any. A status outside 400 to 499 is never trusted to mean
    "not sent", whatever its body says: a platform that fails while it answers may have sent the message before.
    """
    answer = ProviderAnswer(code=error.code, subcode=error.subcode, text=error.text)
    if not 400 <= status < 500:  # noqa: PLR2004 - the range of HTTP's refusals
        return Unknown(Reason.UNCLEAR_ANSWER, answer)
    meaning = meaning_of(error.code, error.subcode) or _meaning_of_unlisted(error, status)
    return _outcome(meaning, answer, wait_seconds)


def _meaning_of_unlisted(error: GraphError, status: int) -> Meaning:
    _log.warning("unlisted Graph error: status=%s code=%s subcode=%s", status, error.code, error.subcode)
    if status == 429:  # noqa: PLR2004 - Too Many Requests
        return Meaning.THROTTLED
    # What nobody has listed proves nothing: an attempt is unknown until proven.
    return Meaning.UNCLEAR


def _outcome(meaning: Meaning, answer: ProviderAnswer, wait_seconds: float | None) -> ErrorOutcome:
    match meaning:
        case Meaning.UNCLEAR:
            return Unknown(Reason.UNCLEAR_ANSWER, answer)
        case Meaning.THROTTLED:
            return Throttled(answer, wait_seconds)
        case Meaning.PERSON_LATER:
            return NotSent(answer)
        case Meaning.OUTSIDE_WINDOW:
            return Refused(Reason.OUTSIDE_WINDOW, answer)
        case Meaning.PERSON_UNAVAILABLE:
            return Refused(Reason.PERSON_UNAVAILABLE, answer)
        case Meaning.PERSON_UNKNOWN:
            return Refused(Reason.PERSON_UNKNOWN, answer)
        case Meaning.BAD_REQUEST:
            return Refused(Reason.MESSAGE_REFUSED, answer)
        case Meaning.COMMENT_INVALID:
            return Refused(Reason.COMMENT_INVALID, answer)
        case Meaning.OTHER_APP:
            return Refused(Reason.OTHER_APP_IN_CONTROL, answer)
        case Meaning.NO_PERMISSION | Meaning.RESTRICTED:
            return AccountStopped(answer)
        case _:
            assert_never(meaning)
