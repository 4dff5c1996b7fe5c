"""What the sandbox answers when it will not: errors in Meta's shape, and refusals of its own control calls."""

import secrets
from dataclasses import dataclass
from typing import Final

import orjson


class ControlError(Exception):
    """A control call of a test or a demo does not make sense; the message is the sentence it gets."""


@dataclass(frozen=True, slots=True)
class GraphError:
    """One error answer of the Graph API. `http_status` is a guess where Meta documents none: see README.md."""

    code: int
    subcode: int | None = None
    message: str = "An error occurred."
    type: str = "OAuthException"
    http_status: int = 400
    is_transient: bool = False
    user_title: str | None = None
    user_message: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


class Refusal(Exception):  # noqa: N818  a platform's "no" is an answer, not an error of the program
    """The platform answers with `error` instead of doing what was asked."""

    def __init__(self, error: GraphError) -> None:
        super().__init__(f"{error.code}/{error.subcode}")
        self.error = error


def error_body(error: GraphError) -> bytes:
    """Return the JSON body of an error answer, with a fresh trace id. Shape: facts/meta.md section 6."""
    fields: dict[str, object] = {"message": error.message, "type": error.type, "code": error.code}
    if error.subcode is not None:
        fields["error_subcode"] = error.subcode
    if error.user_title is not None:
        fields["error_user_title"] = error.user_title
        fields["error_user_msg"] = error.user_message
    fields["is_transient"] = error.is_transient
    fields["fbtrace_id"] = "A" + secrets.token_urlsafe(16)
    return orjson.dumps({"error": fields})


def bad_parameter(text: str, subcode: int | None = None) -> GraphError:
    """Return error 100 (and perhaps a subcode) for a parameter that cannot be right."""
    return GraphError(100, subcode, f"(#100) {text}")


def no_such_object(method: str, node: str) -> GraphError:
    """Return 100/33: the object does not exist, or this token may not see it."""
    text = (
        f"Unsupported {method.lower()} request. Object with ID '{node}' does not exist, cannot be loaded due to "
        "missing permissions, or does not support this operation"
    )
    return GraphError(100, 33, text, type="GraphMethodException")


def unknown_path(rest: str) -> GraphError:
    """Return 2500: the path behind the object means nothing."""
    return GraphError(2500, None, f"Unknown path components: /{rest}")


_INVALID_TOKEN: Final = (("WWW-Authenticate", 'OAuth "Facebook Platform" "invalid_token" "Invalid access token"'),)

TOKEN_MISSING: Final = GraphError(
    104, None, "An access token is required to request this resource.", http_status=401, headers=_INVALID_TOKEN
)
TOKEN_INVALID: Final = GraphError(
    190, None, "Invalid OAuth access token - Cannot parse access token", http_status=401, headers=_INVALID_TOKEN
)
TOKEN_EXPIRED: Final = GraphError(
    190, 463, "Error validating access token: Session has expired.", http_status=401, headers=_INVALID_TOKEN
)
WRONG_PROOF: Final = GraphError(
    100, None, "Invalid appsecret_proof provided in the API argument", type="GraphMethodException"
)
RECIPIENT_REQUIRED: Final = bad_parameter("The parameter recipient is required")
NOT_AN_ID: Final = bad_parameter('Param recipient[id] must be a valid ID string (e.g., "123")')
NO_MATCHING_USER: Final = bad_parameter("No matching user found", 2018001)
NO_MATCHING_INSTAGRAM_USER: Final = bad_parameter("No matching Instagram user", 2534014)
EMPTY_MESSAGE: Final = bad_parameter("Message cannot be empty, must provide valid attachment or text", 2018034)
MESSAGE_WITH_ACTION: Final = bad_parameter("Cannot send both a message and a sender_action", 2018014)
NOT_YOUR_ATTACHMENT: Final = bad_parameter("The attachment cannot be used: it is not this account's", 2018074)
NO_PRIVATE_REPLY: Final = bad_parameter("The comment or post is not valid for a private reply", 2534025)
MESSAGE_DELETED: Final = GraphError(9000001, None, "The message has been deleted.")
OUTSIDE_WINDOW: Final = GraphError(
    10, 2018278, "(#10) This message is sent outside of allowed window.", http_status=403
)
OUTSIDE_WINDOW_INSTAGRAM: Final = GraphError(
    10, 2534022, "(#10) This message is sent outside of allowed window.", http_status=403
)
ACCOUNT_RESTRICTED: Final = GraphError(
    10, 1893063, "(#10) The Page is restricted from sending for now.", http_status=403
)
OTHER_APP_IN_CONTROL: Final = GraphError(
    10, 2018300, "(#10) Another app is controlling this thread now.", http_status=403
)
OTHER_APP_IN_CONTROL_INSTAGRAM: Final = bad_parameter("Another app is controlling this thread now.", 2534037)
NO_HUMAN_AGENT: Final = GraphError(
    10, None, "(#10) This app has no permission for the Human Agent feature.", http_status=403
)
SENT_BUT_UNREADABLE: Final = GraphError(
    1, 1357046, "Received Invalid JSON reply.", http_status=500, is_transient=True
)  # fmt: skip
