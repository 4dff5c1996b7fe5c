"""The data deletion callback: who may ask, what is answered however often, and what the page tells."""

import asyncio
import base64
import hashlib
import hmac
import json

import httpx
import pytest
from posting import OTHER_SECRET, SECRET
from receiving import make_receiver

from clients.postgres import connect
from clients.settings import settings
from factories import World, user_id
from tasks.deletion_requests import keep_erasures
from web.app import create_app
from web.data_deletion import PATH

SECRETS = (SECRET, OTHER_SECRET)
CONTACT = "privacy@example.com <b>or call</b>"


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def signed(payload, secret=SECRETS[0], *, by=hashlib.sha256) -> str:
    text = encoded(payload if isinstance(payload, bytes) else json.dumps(payload).encode())
    return f"{encoded(hmac.new(secret.encode(), text.encode(), by).digest())}.{text}"


def wish(user="218471", **fields):
    return {"algorithm": "HMAC-SHA256", "expires": 1291840400, "issued_at": 1291836800, "user_id": user, **fields}


class Client:
    """Asks an app in this process, one request at a time."""

    def __init__(self, app) -> None:
        self._app = app

    def post(self, path, **fields):
        return asyncio.run(self._ask("POST", path, **fields))

    def get(self, path):
        return asyncio.run(self._ask("GET", path))

    async def _ask(self, method, path, **fields):
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://receiver.local:8080") as client:
            return await client.request(method, path, **fields)


def client_of(url, *, public_url="https://hooks.example.com", contact=CONTACT):
    return Client(create_app(make_receiver(url, public_url=public_url, privacy_contact=contact)))


@pytest.fixture
def client(database_18):
    return client_of(database_18)


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("WINDOWCAST_ERASURE_KEY", "a key of the tests")
    settings.cache_clear()
    yield
    settings.cache_clear()


def ask(client, request):
    return client.post(PATH, data={"signed_request": request})


def requests_in(url):
    with connect(url) as connection:
        return connection.execute("SELECT code, app_user_id, state FROM deletion_request").fetchall()


@pytest.mark.parametrize("secret", SECRETS)
def test_a_request_is_kept_before_it_is_answered_whichever_app_has_signed_it(client, database_18, secret):
    answer = ask(client, signed(wish(), secret))

    code = answer.json()["confirmation_code"]
    assert answer.status_code == 200
    assert answer.json() == {"url": f"https://hooks.example.com{PATH}/{code}", "confirmation_code": code}
    assert code.isalnum()
    assert "218471" not in answer.text
    assert requests_in(database_18) == [{"code": code, "app_user_id": "218471", "state": "waiting"}]


def test_the_same_request_again_is_one_request_with_one_answer(client, database_18):
    answers = {ask(client, signed(wish())).text for _ in range(3)}
    later = ask(client, signed(wish(issued_at=1291836801))).json()

    assert len(answers) == 1
    assert later["confirmation_code"] not in answers.pop()
    assert len(requests_in(database_18)) == 2


GOOD = signed(wish())
_SIGNATURE, _PAYLOAD = GOOD.split(".")
FORGED = {
    "another secret": signed(wish(), "not ours"),
    "an empty secret": signed(wish(), ""),
    "another payload": f"{_SIGNATURE}.{encoded(json.dumps(wish('4711')).encode())}",
    "a signature cut short": f"{_SIGNATURE[:-4]}.{_PAYLOAD}",
    "a signature with more behind it": f"{_SIGNATURE}AAAA.{_PAYLOAD}",
    "SHA-1": signed(wish(), by=hashlib.sha1),
    "another algorithm": signed(wish(algorithm="none")),
    "SHA-1 by its own word": signed(wish(algorithm="HMAC-SHA1")),
    "no algorithm": signed({"user_id": "218471"}),
}
MALFORMED = {
    "nothing": "",
    "no dot": _PAYLOAD,
    "two dots": f"{GOOD}.x",
    "no base64": f"{_SIGNATURE}.{{}}",
    "standard base64": f"++//.{_PAYLOAD}",
    "an impossible length": f"{_SIGNATURE}.AAAAA",
    "no JSON": signed(b"hello"),
    "no object": signed(b"[1]"),
    "deep JSON": signed(b"[" * 5_000),
    "no text": signed(b"\xff\xfe"),
    "no person": signed({"algorithm": "HMAC-SHA256"}),
    "a person that is no id": signed(wish("1 OR 1=1")),
    "an object for a person": signed(wish({"id": 1})),
    "an id without end": signed(wish("1" * 33)),
}


def test_what_is_forged_or_malformed_is_refused_in_fixed_words_and_nothing_is_kept(client, database_18):
    forged = {word: ask(client, text) for word, text in FORGED.items()}
    malformed = {word: ask(client, text) for word, text in MALFORMED.items()}

    assert {word: answer.status_code for word, answer in forged.items()} == dict.fromkeys(FORGED, 403)
    assert {word: answer.status_code for word, answer in malformed.items()} == dict.fromkeys(MALFORMED, 400)
    assert {answer.text for answer in forged.values()} == {'{"error":"the signature is wrong"}'}
    assert all("218471" not in answer.text for answer in malformed.values())
    assert requests_in(database_18) == []


BODIES = {
    "empty": b"",
    "twice": f"signed_request={GOOD}&signed_request={GOOD}".encode(),
    "too long": b"a=1&" * 5_000,
    "many fields": b"a=1&" * 20,
    "no text": b"\xff",
    "JSON": json.dumps({"signed_request": GOOD}).encode(),
}


def test_a_body_that_is_no_form_of_one_request_is_refused(client, database_18):
    answers = {word: client.post(PATH, content=body).status_code for word, body in BODIES.items()}

    assert answers == dict.fromkeys(BODIES, 400)
    assert requests_in(database_18) == []


def test_what_cannot_be_kept_is_not_confirmed():
    client = client_of("postgresql://nobody@127.0.0.1:1/none")

    assert ask(client, GOOD).status_code == 503
    assert client.get(f"{PATH}/{'0' * 32}").status_code == 503


def test_without_a_public_address_the_one_that_was_asked_is_told(database_18):
    answer = ask(client_of(database_18, public_url=None), GOOD).json()

    assert answer["url"].startswith(f"http://receiver.local:8080{PATH}/")


@pytest.mark.usefixtures("key")
def test_the_page_tells_how_a_request_stands_and_nothing_of_its_person(client, database_18):
    with connect(database_18) as connection:
        world = World(connection)
        world.people_write(world.account(), [1])
        known = ask(client, signed(wish(user_id(1)))).json()
        stranger = ask(client, signed(wish("4711"))).json()
        waiting = client.get(f"{PATH}/{known['confirmation_code']}")
        keep_erasures(connection)

    done = client.get(f"{PATH}/{known['confirmation_code']}")
    unmatched = client.get(f"{PATH}/{stranger['confirmation_code']}")

    assert [page.status_code for page in (waiting, done, unmatched)] == [200, 200, 200]
    assert "waiting to be handled" in waiting.text
    assert "Your data was deleted" in done.text
    assert "could not find you" in unmatched.text
    assert "privacy@example.com &lt;b&gt;or call&lt;/b&gt;" in unmatched.text
    for page in (waiting, done, unmatched):
        assert user_id(1) not in page.text
        assert "4711" not in page.text
        assert "http" not in page.text.split("<body>")[1]
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-content-type-options"] == "nosniff"
    assert [row["app_user_id"] for row in requests_in(database_18)] == [None, None]


@pytest.mark.usefixtures("key")
def test_a_request_that_comes_again_after_it_was_handled_stays_handled(client, database_18):
    first = ask(client, signed(wish("4711"))).json()
    with connect(database_18) as connection:
        keep_erasures(connection)

    assert ask(client, signed(wish("4711"))).json() == first
    assert [row["state"] for row in requests_in(database_18)] == ["unmatched"]


def test_a_code_that_nobody_was_given_shows_a_page_without_it(client):
    pages = [client.get(f"{PATH}/{code}") for code in ("0" * 32, "unknown", "<script>alert", "%00", "0" * 5_000)]

    assert [page.status_code for page in pages] == [404] * 5
    assert all("There is no request with this code" in page.text for page in pages)
    assert all("alert" not in page.text for page in pages)
