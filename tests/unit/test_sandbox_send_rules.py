"""Which bodies the sandbox's Send API takes, by Meta's documented limits."""

import orjson
import pytest

from domain.template import Channel
from sandbox.errors import Refusal
from sandbox.send_rules import RecipientKind, named_recipient, read_send_request

PERSON = "25381719828140932"
CARD = {"title": "Lamp", "subtitle": "Blue"}
LINK = {"type": "web_url", "title": "Look", "url": "https://example.com/"}


def body(message=None, **change):
    given = {"text": "Hello"} if message is None else message
    return {"recipient": {"id": PERSON}, "messaging_type": "UPDATE", "message": given} | change


def template(**payload):
    return {"attachment": {"type": "template", "payload": payload}}


def image(**payload):
    return {"type": "image", "payload": payload}


def quick_reply(**change):
    return {"content_type": "text", "title": "Yes", "payload": "YES"} | change


TAKEN = {
    "a text": body(),
    "the longest text": body({"text": "x" * 1999}),
    "a response": body(messaging_type="RESPONSE"),
    "the longest metadata": body({"text": "Hello", "metadata": "m" * 999}),
    "a silent push": body(notification_type="SILENT_PUSH"),
    "thirteen quick replies": body({"text": "?", "quick_replies": [quick_reply()] * 13}),
    "a quick reply that asks for the mail": body({"text": "?", "quick_replies": [{"content_type": "user_email"}]}),
    "an image by URL": body({"attachment": image(url="https://example.com/a.png", is_reusable=True)}),
    "an uploaded image": body({"attachment": image(attachment_id="1234567890")}),
    "thirty images": body({"attachments": [image(url="https://example.com/a.png")] * 30}),
    "ten cards": body(template(template_type="generic", elements=[CARD] * 10)),
    "a card with three buttons": body(template(template_type="generic", elements=[CARD | {"buttons": [LINK] * 3}])),
    "a button template": body(template(template_type="button", text="x" * 640, buttons=[LINK])),
    "a postback button": body(
        template(template_type="button", text="x", buttons=[{"type": "postback", "title": "A", "payload": "P"}])
    ),
    "a recipient that is a JSON number": body(recipient={"id": 25381719828140932}),
    "objects as JSON text, as forms have them": body(recipient=orjson.dumps({"id": PERSON}).decode()),
}

REFUSED = {
    "no recipient": (body(recipient=None), 100, None),
    "an empty recipient": (body(recipient={}), 100, None),
    "a recipient that is no object": (body(recipient=PERSON), 100, None),
    "two recipients": (body(recipient={"id": PERSON, "comment_id": "1_2"}), 100, None),
    "a recipient nobody can reach here": (body(recipient={"user_ref": "abc"}), 100, None),
    "an id that is a name": (body(recipient={"id": "someone"}), 100, None),
    "an id with a point": (body(recipient={"id": "2.5E+16"}), 100, None),
    "an id in other digits": (body(recipient={"id": "\u0661\u0662\u0663\u0664\u0665"}), 100, None),
    "no messaging type": (body(messaging_type=None), 100, None),
    "an unknown messaging type": (body(messaging_type="PROMOTION"), 100, None),
    "a utility template": (body(messaging_type="UTILITY"), 100, None),
    "a tag type without a tag": (body(messaging_type="MESSAGE_TAG"), 100, None),
    "a dead tag": (body(messaging_type="MESSAGE_TAG", tag="ACCOUNT_UPDATE"), 100, None),
    "a dead tag beside UPDATE": (body(tag="POST_PURCHASE_UPDATE"), 100, None),
    "the human agent's tag": (body(messaging_type="MESSAGE_TAG", tag="HUMAN_AGENT"), 10, None),
    "no message": (body(message=None) | {"message": None}, 100, 2018034),
    "an empty message": (body({}), 100, 2018034),
    "an empty text": (body({"text": ""}), 100, 2018034),
    "a text of blanks": (body({"text": " \n "}), 100, 2018034),
    "metadata alone": (body({"metadata": "m"}), 100, 2018034),
    "a text that is a number": (body({"text": 5}), 100, None),
    "a text of 2000 characters": (body({"text": "x" * 2000}), 100, None),
    "a text beside an image": (body({"text": "x", "attachment": image(url="https://example.com/a.png")}), 100, None),
    "metadata of 1000 characters": (body({"text": "x", "metadata": "m" * 1000}), 100, None),
    "metadata that is no text": (body({"text": "x", "metadata": 7}), 100, None),
    "an unknown part of a message": (body({"text": "x", "colour": "red"}), 100, None),
    "an unknown notification type": (body(notification_type="LOUD"), 100, None),
    "fourteen quick replies": (body({"text": "?", "quick_replies": [quick_reply()] * 14}), 100, None),
    "no quick replies": (body({"text": "?", "quick_replies": []}), 100, None),
    "a quick reply's long title": (body({"text": "?", "quick_replies": [quick_reply(title="t" * 21)]}), 100, None),
    "a quick reply's long payload": (
        body({"text": "?", "quick_replies": [quick_reply(payload="p" * 1001)]}),
        100,
        None,
    ),
    "an unknown quick reply": (body({"text": "?", "quick_replies": [quick_reply(content_type="location")]}), 100, None),
    "an attachment without payload": (body({"attachment": {"type": "image"}}), 100, None),
    "an unknown attachment": (body({"attachment": {"type": "hologram", "payload": {}}}), 100, None),
    "an image by a relative URL": (body({"attachment": image(url="/a.png")}), 100, None),
    "an image by a broken URL": (body({"attachment": image(url="https://[::1")}), 100, None),
    "an uploaded image by number": (body({"attachment": image(attachment_id=1234567890)}), 100, None),
    "thirty-one images": (body({"attachments": [image(url="https://example.com/a.png")] * 31}), 100, None),
    "a video among images": (
        body({"attachments": [{"type": "video", "payload": {"url": "https://example.com/a.mp4"}}]}),
        100,
        None,
    ),
    "eleven cards": (body(template(template_type="generic", elements=[CARD] * 11)), 100, None),
    "a card that is only a title": (body(template(template_type="generic", elements=[{"title": "Lamp"}])), 100, None),
    "a card's long title": (body(template(template_type="generic", elements=[CARD | {"title": "t" * 81}])), 100, None),
    "a card with four buttons": (
        body(template(template_type="generic", elements=[CARD | {"buttons": [LINK] * 4}])),
        100,
        None,
    ),
    "a button template without buttons": (body(template(template_type="button", text="x")), 100, None),
    "a button template's long text": (
        body(template(template_type="button", text="x" * 641, buttons=[LINK])),
        100,
        None,
    ),
    "a button's long title": (
        body(template(template_type="button", text="x", buttons=[LINK | {"title": "t" * 21}])),
        100,
        None,
    ),
    "a button without its URL": (
        body(template(template_type="button", text="x", buttons=[{"type": "web_url", "title": "Look"}])),
        100,
        None,
    ),
    "an unknown template": (body(template(template_type="hologram")), 100, None),
    "an unknown sender action": (body(sender_action="dance") | {"message": None}, 100, None),
    "a message and a sender action": (body(sender_action="typing_on"), 100, 2018014),
}


@pytest.mark.parametrize("parameters", TAKEN.values(), ids=TAKEN.keys())
def test_a_body_within_the_limits_is_taken(parameters):
    request = read_send_request(parameters, Channel.MESSENGER)

    assert (request.recipient_kind, request.recipient) == (RecipientKind.USER, PERSON)


@pytest.mark.parametrize(("parameters", "code", "subcode"), REFUSED.values(), ids=REFUSED.keys())
def test_a_body_beyond_the_limits_is_refused_with_metas_code(parameters, code, subcode):
    with pytest.raises(Refusal) as refusal:
        read_send_request(parameters, Channel.MESSENGER)

    assert (refusal.value.error.code, refusal.value.error.subcode) == (code, subcode)


def test_instagram_counts_bytes_where_messenger_counts_characters():
    request = read_send_request(body({"text": "é" * 500}), Channel.INSTAGRAM)

    assert request.text == "é" * 500
    with pytest.raises(Refusal):
        read_send_request(body({"text": "é" * 500 + "x"}), Channel.INSTAGRAM)
    assert read_send_request(body({"text": "é" * 500 + "x"}), Channel.MESSENGER).text is not None


def test_instagram_needs_no_messaging_type():
    parameters = body()
    del parameters["messaging_type"]

    assert read_send_request(parameters, Channel.INSTAGRAM).text == "Hello"


def test_a_sender_action_needs_neither_message_nor_messaging_type():
    request = read_send_request({"recipient": {"id": PERSON}, "sender_action": "typing_on"}, Channel.MESSENGER)

    assert request.sender_action == "typing_on"


def test_the_content_tells_messages_apart_but_not_by_their_metadata():
    def content(message):
        return read_send_request(body(message), Channel.MESSENGER).content

    one = content(template(template_type="button", text="x", buttons=[LINK]) | {"metadata": "a"})
    same = content(template(template_type="button", text="x", buttons=[LINK]) | {"metadata": "b"})
    other = content(template(template_type="button", text="y", buttons=[LINK]))

    assert one == same
    assert one != other


@pytest.mark.parametrize(
    ("recipient", "named"),
    [({"id": PERSON}, PERSON), ({"id": 12345}, "12345"), ({"comment_id": "1_2"}, "1_2"), ("x", None), (None, None)],
)
def test_the_recipient_is_read_even_from_a_bad_request(recipient, named):
    assert named_recipient({"recipient": recipient}) == named
