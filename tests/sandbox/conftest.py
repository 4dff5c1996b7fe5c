"""A sandbox on a free loopback port for each test, ruled by hand, and people who may be written to."""

import aiohttp
import pytest
import pytest_asyncio

from sandbox.platform import Platform
from sandbox.server import serving

PAGE = "100200300400500"
PERSON = "25381719828140932"
TOKEN = "sandbox-token"


@pytest.fixture
def platform():
    platform = Platform()
    platform.put_account({"external_id": PAGE, "token": TOKEN, "name": "Blue Lamp", "app_secret": "lamp-secret"})
    platform.people_act([{"account": PAGE, "user_id": PERSON}])
    return platform


@pytest_asyncio.fixture
async def http(platform):
    async with serving(platform) as url, aiohttp.ClientSession(url) as session:
        yield session


@pytest.fixture
def send(http):
    """POST a message as a good client does; `change` replaces top-level fields of its body."""

    async def post(text="Hello", *, person=PERSON, node=PAGE, token=TOKEN, **change):
        body = {"recipient": {"id": person}, "messaging_type": "UPDATE", "message": {"text": text}} | change
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with http.post(f"/v25.0/{node}/messages", json=body, headers=headers) as response:
            return response.status, await response.json(), response.headers

    return post
