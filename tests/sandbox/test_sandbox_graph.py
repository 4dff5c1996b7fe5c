"""The Graph API over HTTP: what a good and a bad client get."""

import json
from urllib.parse import urlencode

import pytest

PAGE = "100200300400500"
PERSON = "25381719828140932"
TOKEN = "sandbox-token"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


async def test_a_good_message_is_answered_with_recipient_and_message_id(send, platform):
    status, body, headers = await send("Hello")

    assert status == 200
    assert body == {"recipient_id": PERSON, "message_id": platform.truth.accepted[0].message_id}
    assert headers["Content-Type"] == "application/json; charset=UTF-8"


async def test_an_error_has_metas_full_shape(send):
    status, body, _ = await send(person="999999")

    assert status == 400
    assert body["error"].pop("fbtrace_id")
    assert body["error"] == {
        "message": "(#100) No matching user found",
        "type": "OAuthException",
        "code": 100,
        "error_subcode": 2018001,
        "is_transient": False,
    }


@pytest.mark.parametrize(("token", "code"), [(None, 104), ("nonsense", 190)])
async def test_a_missing_and_a_wrong_token_are_401(send, token, code):
    status, body, headers = await send(token=token)

    assert (status, body["error"]["code"]) == (401, code)
    assert headers["WWW-Authenticate"].startswith("OAuth")


async def test_a_form_with_the_token_in_the_query_is_taken_too(http, platform):
    form = {
        "recipient": json.dumps({"id": PERSON}),
        "message": json.dumps({"text": "Grüße & more", "metadata": "a"}),
        "messaging_type": "UPDATE",
    }

    async with http.post(f"/v25.0/me/messages?access_token={TOKEN}", data=form) as response:
        assert response.status == 200

    assert platform.truth.accepted[0].text == "Grüße & more"
    assert platform.truth.posts[0].metadata == "a"


async def test_parameters_may_all_stand_in_the_query(http):
    query = {
        "recipient": json.dumps({"id": PERSON}),
        "message": json.dumps({"text": "Hi"}),
        "messaging_type": "UPDATE",
        "access_token": TOKEN,
    }

    async with http.post(f"/v24.0/{PAGE}/messages?{urlencode(query)}") as response:
        assert response.status == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'"text"', b'{"recipient": "\\ud800"}'])
async def test_a_body_that_cannot_be_read_lacks_a_recipient(http, platform, body):
    headers = {**BEARER, "Content-Type": "application/json"}

    async with http.post(f"/v25.0/{PAGE}/messages", data=body, headers=headers) as response:
        answer = await response.json()

    assert (response.status, answer["error"]["code"]) == (400, 100)
    assert len(platform.truth.posts) == 1
    assert platform.truth.accepted == []


@pytest.mark.parametrize(
    ("method", "path", "code", "subcode"),
    [
        ("GET", "/", 2500, None),
        ("POST", f"/{PAGE}/messages", 2500, None),
        ("POST", f"/v19.0/{PAGE}/messages", 2500, None),
        ("POST", f"/v25/{PAGE}/messages", 2500, None),
        ("POST", "/v25.0/999/messages", 100, 33),
        ("GET", f"/v25.0/{PAGE}/messages", 100, None),
        ("POST", f"/v25.0/{PAGE}/letters", 2500, None),
        ("POST", f"/v25.0/{PAGE}", 100, 33),
        ("DELETE", f"/v25.0/{PAGE}", 100, 33),
        ("GET", "/v25.0/999", 100, 33),
        ("POST", "/v25.0/", 100, 33),
        ("GET", f"/v25.0/{PAGE}?fields=colour", 100, None),
        ("GET", f"/v25.0/{PAGE}?fields=id,,", 100, None),
        ("GET", f"/v25.0/{PAGE}?fields=id}}", 100, None),
        ("GET", f"/v25.0/{PAGE}/conversations?platform=fax", 100, None),
        ("GET", f"/v25.0/{PAGE}/conversations?limit=0", 100, None),
    ],
)
async def test_a_wrong_path_is_answered_as_an_error(http, method, path, code, subcode):
    async with http.request(method, path, headers=BEARER) as response:
        error = (await response.json())["error"]

    assert (response.status, error["code"], error.get("error_subcode")) == (400, code, subcode)


@pytest.mark.parametrize("node", ["me", PAGE])
async def test_a_token_can_be_asked_which_page_it_is_of(http, node):
    async with http.get(f"/v25.0/{node}?fields=id,name", headers=BEARER) as response:
        assert await response.json() == {"id": PAGE, "name": "Blue Lamp"}


async def test_a_dead_token_cannot_be_asked(http):
    async with http.get("/v25.0/me?fields=id,name", headers={"Authorization": "Bearer no"}) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (401, 190)


async def test_a_page_token_sees_the_linked_instagram_account(http, platform):
    platform.put_account(
        {"external_id": "178414", "page_id": "555", "channel": "instagram", "token": "ig", "name": "Lamp"}
    )
    headers = {"Authorization": "Bearer ig"}

    async with http.get("/v25.0/me?fields=id,instagram_business_account", headers=headers) as response:
        assert await response.json() == {"id": "555", "instagram_business_account": {"id": "178414"}}
    async with http.get("/v25.0/178414?fields=id,username", headers=headers) as response:
        assert await response.json() == {"id": "178414", "username": "lamp"}


async def test_a_conversation_shows_both_sides_newest_first(http, send, platform):
    platform.clock.advance(5)
    await send("Our answer")

    async with http.get(f"/v25.0/{PAGE}/conversations?platform=messenger&user_id={PERSON}", headers=BEARER) as response:
        conversation = (await response.json())["data"][0]["id"]
    path = f"/v25.0/{conversation}?fields=messages.limit(20){{id,created_time,from,to,message}}"
    async with http.get(path, headers=BEARER) as response:
        messages = (await response.json())["messages"]["data"]

    assert [(one["message"], one["from"]["id"]) for one in messages] == [("Our answer", PAGE), ("Hello", PERSON)]
    assert messages[0]["to"]["data"][0]["id"] == PERSON
    assert messages[0]["id"] == "m_" + platform.truth.accepted[0].message_id
    assert messages[0]["created_time"].endswith("+0000")


async def test_a_conversation_without_a_message_is_not_listed(http, platform):
    platform.people_act([{"account": PAGE, "user_id": "777777", "kind": "postback"}])

    async with http.get(f"/v25.0/{PAGE}/conversations?user_id=777777", headers=BEARER) as response:
        assert await response.json() == {"data": []}


async def test_conversations_are_paged_by_cursor(http, platform):
    platform.people_act([{"account": PAGE, "user_id": str(500000 + number)} for number in range(5)])

    seen, after = [], ""
    while True:
        async with http.get(f"/v25.0/{PAGE}/conversations?limit=4{after}", headers=BEARER) as response:
            page = await response.json()
        seen += [one["id"] for one in page["data"]]
        if "paging" not in page:
            break
        after = f"&after={page['paging']['cursors']['after']}"

    assert len(set(seen)) == len(seen) == 6


async def test_only_the_twenty_newest_messages_can_be_read(http, send, platform):
    ids = []
    for number in range(21):
        platform.clock.advance(1)
        ids.append((await send(f"Number {number}"))[1]["message_id"])

    async with http.get(f"/v25.0/m_{ids[0]}", headers=BEARER) as response:
        oldest = await response.json()
    async with http.get(f"/v25.0/m_{ids[1]}?fields=message", headers=BEARER) as response:
        readable = await response.json()

    assert oldest["error"]["code"] == 9000001
    assert readable == {"message": "Number 1", "id": f"m_{ids[1]}"}


async def test_above_two_conversation_calls_per_second_reads_are_throttled(http, platform):
    platform.put_account({"external_id": PAGE, "conversation_calls_per_second": 2})

    codes = []
    for _ in range(3):
        async with http.get(f"/v25.0/{PAGE}/conversations", headers=BEARER) as response:
            codes.append((await response.json()).get("error", {}).get("code"))

    assert codes == [None, None, 613]


async def test_an_uploaded_attachment_can_be_sent_and_another_pages_cannot(http, send):
    attachment = {"type": "image", "payload": {"url": "https://example.com/a.png", "is_reusable": True}}
    async with http.post(
        f"/v25.0/{PAGE}/message_attachments", json={"message": {"attachment": attachment}}, headers=BEARER
    ) as response:
        attachment_id = (await response.json())["attachment_id"]

    def image(value):
        return {"attachment": {"type": "image", "payload": {"attachment_id": value}}}

    assert (await send(message=image(attachment_id)))[0] == 200
    assert (await send(message=image("123456")))[1]["error"]["error_subcode"] == 2018074


async def test_a_sender_action_sends_nothing(http, platform):
    body = {"recipient": {"id": PERSON}, "sender_action": "typing_on"}

    async with http.post(f"/v25.0/{PAGE}/messages", json=body, headers=BEARER) as response:
        assert await response.json() == {"recipient_id": PERSON}

    assert platform.truth.accepted == []
