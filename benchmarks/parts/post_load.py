"""A load of signed webhook posts from a process of its own: as many as can be answered, or so many a second."""

import asyncio
import hashlib
import hmac
import json
import sys
import time
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

_EVENT = (
    '{"object":"page","entry":[{"id":"100200300400500","time":1795000000000,"messaging":[{"sender":{"id":"%d"},'
    '"recipient":{"id":"100200300400500"},"timestamp":%d,"message":{"mid":"m_%s","text":"Hello \\u00e9"}}]}]}'
)
_LONGEST_SECONDS = 120


@dataclass(frozen=True)
class Load:
    """Where to post, how many bodies, over how many connections.

    Bodies are numbered from `first`, so that no two loads have one in common. Without `per_second` each connection
    posts as soon as it is answered.
    """

    url: str
    secret: str
    posts: int
    connections: int
    first: int = 0
    per_second: float | None = None


@dataclass(frozen=True)
class Answered:
    """What came back: posts answered 200 and otherwise, seconds in all, and the latencies of each in milliseconds."""

    ok: int
    other: int
    seconds: float
    p50: float
    p99: float
    most: float


async def post(load: Load) -> Answered:
    """Run a load in a process of its own."""
    command = [sys.executable, __file__, json.dumps(asdict(load))]
    child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    out, _ = await child.communicate()
    return Answered(**json.loads(out))


class _Connection(asyncio.Protocol):
    """One connection: a request, its answer, the next one."""

    def connection_made(self, transport) -> None:
        self.transport = transport
        self._received = b""
        self._answer: asyncio.Future[int] | None = None

    def data_received(self, piece: bytes) -> None:
        self._received += piece
        if b"\r\n\r\n" in self._received:  # the answers are empty
            status = int(self._received[9:12])
            self._received = b""
            self._answer.set_result(status)

    def connection_lost(self, _) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(0)

    async def post(self, request: bytes) -> int:
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._answer


def _requests(load: Load) -> list[bytes]:
    """Make every request beforehand: signing them is no part of the load."""
    parts = urlsplit(load.url)
    head = f"POST {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-type: application/json\r\n".encode()
    made = []
    for number in range(load.first, load.first + load.posts):
        mid = hashlib.sha256(str(number).encode()).hexdigest()
        body = (_EVENT % (10**16 + number, 1795000000000 + number, mid)).encode()
        signature = hmac.new(load.secret.encode(), body, hashlib.sha256).hexdigest().encode()
        tail = b"x-hub-signature-256: sha256=%b\r\ncontent-length: %d\r\n\r\n" % (signature, len(body))
        made.append(head + tail + body)
    return made


async def _run(load: Load) -> Answered:
    requests = _requests(load)
    parts = urlsplit(load.url)
    loop = asyncio.get_running_loop()
    opened = [await loop.create_connection(_Connection, parts.hostname, parts.port) for _ in range(load.connections)]
    connections = [protocol for _, protocol in opened]
    began = time.perf_counter()
    async with asyncio.timeout(_LONGEST_SECONDS):
        if load.per_second is None:
            answers = await _one_after_the_other(connections, requests)
        else:
            answers = await _so_many_a_second(connections, requests, per_second=load.per_second)
    seconds = time.perf_counter() - began
    for connection in connections:
        connection.transport.close()
    latencies = sorted(latency * 1000 for _, latency in answers)
    ok = sum(status == 200 for status, _ in answers)
    place = [latencies[int(len(latencies) * share)] for share in (0.5, 0.99)]
    return Answered(ok, len(answers) - ok, seconds, place[0], place[1], latencies[-1])


async def _one_after_the_other(connections, requests) -> list[tuple[int, float]]:
    left = iter(requests)
    answers = []

    async def go_on(connection) -> None:
        for request in left:
            sent = time.perf_counter()
            answers.append((await connection.post(request), time.perf_counter() - sent))

    await asyncio.gather(*map(go_on, connections))
    return answers


async def _so_many_a_second(connections, requests, *, per_second: float) -> list[tuple[int, float]]:
    """Post on time, whether or not earlier ones are answered; latencies count from when a post was due."""
    free: asyncio.Queue = asyncio.Queue()
    for connection in connections:
        free.put_nowait(connection)

    async def one(request, due: float) -> tuple[int, float]:
        connection = await free.get()
        status = await connection.post(request)
        free.put_nowait(connection)
        return status, time.perf_counter() - due

    began = time.perf_counter()
    tasks = []
    for number, request in enumerate(requests):
        due = began + number / per_second
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        tasks.append(asyncio.create_task(one(request, due)))
    return await asyncio.gather(*tasks)


if __name__ == "__main__":
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(asdict(runner.run(_run(Load(**json.loads(sys.argv[1])))))))
