"""`windowcast webhooks serve` as it is run in production: how it starts, stops and dies, and whose bodies it takes."""

import asyncio
import http.client
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import psycopg
import pytest
from posting import (
    PATH,
    ROOT,
    SECRET,
    TOKEN,
    counted,
    event,
    raw_request,
    serving,
    serving_beside,
    signed,
    start,
    stored,
    wait_until,
)
from proxy import Cut, proxying
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from sandbox.process import running_sandbox

STORE = b"-- Keeps webhook bodies as they came"
FLOOD, FLOOD_BYTES, FLOODERS = 2_000, 100_000, 8
MOST_GROWTH = 32 << 20


@pytest.fixture
def served(inbox, tmp_path):
    with serving(inbox, tmp_path, "--no-reconcile") as served:
        yield served


def post(url: str, body: bytes) -> httpx.Response:
    return httpx.post(url, content=body, headers=signed(body), trust_env=False, timeout=10)


def metrics_of(served) -> str:
    return httpx.get(f"{served.base}/metrics", trust_env=False).text


def test_a_receiver_tells_its_address_and_answers_at_every_door(served, inbox):
    challenge = {"hub.mode": "subscribe", "hub.verify_token": TOKEN, "hub.challenge": "42"}

    with httpx.Client(base_url=served.base, trust_env=False) as client:
        answers = [client.get(path) for path in ("/healthz", "/readyz", "/metrics")]
        answers += [client.get(PATH, params=challenge), client.post(PATH, content=b"a", headers=signed(b"a"))]

    assert served.url.endswith(PATH)
    assert [answer.status_code for answer in answers] == [200] * 5
    assert answers[1].json() == {"database": "answers", "inbox": "has room", "reconcile": "off"}
    assert answers[3].text == "42"
    assert stored(inbox) == [b"a"]


async def test_f32_a_receiver_killed_between_commit_and_answer_has_the_body_and_takes_it_again_without_effect(
    private_server, tmp_path
):
    url = private_server.url(private_server.create())
    folder, body = conninfo_to_dict(url)["host"], event(1)

    async with proxying(lambda: asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")) as proxy:
        through = make_conninfo(url, host="127.0.0.1", port=proxy.port)
        async with serving_beside(through, tmp_path / "first", "--no-reconcile") as first:
            proxy.holds = True
            proxy.cut_after(STORE, cut=Cut.BEFORE_THE_ANSWER)
            answer = asyncio.create_task(asyncio.to_thread(post, first.url, body))
            is_committed = await asyncio.to_thread(wait_until, lambda: stored(url) == [body])
            was_answered = answer.done()
            first.kill()
            with pytest.raises(httpx.TransportError):
                await answer
    async with serving_beside(url, tmp_path / "second", "--no-reconcile") as second:
        again = await asyncio.to_thread(post, second.url, body)
        metrics = await asyncio.to_thread(metrics_of, second)
    kept = stored(url)

    assert (is_committed, was_answered, proxy.cuts) == (True, False, 1)
    assert again.status_code == 200
    assert kept == [body]
    assert (counted(metrics, "bodies_stored_total"), counted(metrics, "bodies_known_total")) == (0, 1)


def test_f34_a_flood_of_bad_signatures_takes_no_memory_and_keeps_no_good_body_out(served, inbox):
    process = psutil.Process(served.process.pid)
    sizes, statuses_of_good = [], []

    with ThreadPoolExecutor(FLOODERS) as flooders:
        flood(served.port, 50)
        before = process.memory_info().rss
        floods = [flooders.submit(flood, served.port, FLOOD // FLOODERS) for _ in range(FLOODERS)]
        while not all(one.done() for one in floods):
            statuses_of_good.append(post(served.url, event(len(statuses_of_good))).status_code)
            sizes.append(process.memory_info().rss)
    statuses = {status for one in floods for status in one.result()}

    assert statuses == {403}
    assert set(statuses_of_good) == {200}
    assert len(stored(inbox)) == len(statuses_of_good) >= 3
    assert max(sizes) - before < MOST_GROWTH
    assert counted(metrics_of(served), 'refused_total{why="bad_signature"}') == FLOOD + 50
    lines = served.log.splitlines()
    assert len(lines) == FLOOD + 50
    assert {re.sub(r"^\S+ \S+ ", "", line) for line in lines} == {
        f"WARNING windowcast.webhooks: bad signature length={FLOOD_BYTES} client=127.0.0.1"
    }


def flood(port: int, count: int) -> list[int]:
    """Post bodies that another secret signed, one after the other over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    body = bytes(FLOOD_BYTES)
    headers = signed(body, "another secret")
    statuses = []
    for _ in range(count):
        connection.request("POST", PATH, body, headers)
        answer = connection.getresponse()
        statuses.append(answer.status)
        answer.read()
    connection.close()
    return statuses


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_finishes_what_is_under_way_and_ends_with_0(served, inbox, number):
    request = raw_request(event(2))

    with (
        ThreadPoolExecutor() as threads,
        psycopg.connect(inbox) as holder,
        socket.create_connection(("127.0.0.1", served.port)) as slow,
    ):
        holder.execute("LOCK TABLE windowcast.receipt_inbox IN SHARE MODE")
        under_way = threads.submit(post, served.url, event(1))
        slow.sendall(request[:-1])
        are_taken = wait_until(lambda: are_connected(served, 2) and is_waited_for(inbox))
        served.process.send_signal(number)
        is_closed = wait_until(lambda: not takes_connections(served.port))
        holder.rollback()
        slow.sendall(request[-1:])
        answers = [under_way.result().status_code, int(slow.recv(1000).split()[1])]
    code = served.process.wait(60)

    assert (are_taken, is_closed) == (True, True)
    assert answers == [200, 200]
    assert sorted(stored(inbox)) == [event(1), event(2)]
    assert code == 0


def are_connected(served, count: int) -> bool:
    """Say whether the receiver has taken this many connections."""
    taken = psutil.Process(served.process.pid).net_connections("tcp")
    return sum(one.status == psutil.CONN_ESTABLISHED and one.laddr.port == served.port for one in taken) == count


def is_waited_for(url: str) -> bool:
    """Say whether a statement waits for the lock of another one."""
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute("SELECT FROM pg_locks WHERE NOT granted").rowcount > 0


def takes_connections(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_several_receivers_share_a_port_if_all_of_them_say_so(inbox, tmp_path):
    with serving(inbox, tmp_path / "one", "--no-reconcile", "--share-port") as one:
        again = ("--no-reconcile", "--share-port", "--port", str(one.port))
        with serving(inbox, tmp_path / "two", *again) as two:
            one.ask_to_stop()
            code = one.process.wait(10)
            answer = post(two.url, event(1))

    assert two.url == one.url
    assert (code, answer.status_code) == (0, 200)


def readiness(served) -> dict:
    return httpx.get(f"{served.base}/readyz", trust_env=False).json()


def test_what_applies_the_inbox_runs_beside_it_is_shown_and_ends_with_it(inbox, tmp_path):
    with serving(inbox, tmp_path) as served:
        is_running = wait_until(lambda: readiness(served)["reconcile"] == "running")
        is_kept = wait_until(lambda: counted(metrics_of(served), "reconcile_starts") == 1)
        process = psutil.Process(served.process.pid)
        beside = process.children(recursive=True)
        served.ask_to_stop()
        code = served.process.wait(60)

    assert (is_running, is_kept) == (True, True)
    assert code == 0
    assert [child for child in beside if child.is_running()] == []


def test_a_command_beside_a_process_ends_with_it_even_if_that_one_is_killed():
    program = (
        "import subprocess, sys, time; from cli.beside import command_beside\n"
        "print(subprocess.Popen(command_beside('sandbox', '--port', '0'), stdout=sys.stderr).pid, flush=True)\n"
        "time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-P", "-c", program], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    child = psutil.Process(int(parent.stdout.readline()))
    time.sleep(0.5)
    was_running = child.is_running()

    parent.kill()
    parent.communicate()

    assert was_running
    assert wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_what_the_sandbox_tells_comes_into_the_inbox_signed_and_once(served, inbox):
    with running_sandbox(webhook_url=served.url) as platform:
        platform.add_accounts([{"external_id": "1001", "token": "t", "app_secret": SECRET}])
        platform.set_webhooks(duplicate=1)
        platform.people_write([{"account": "1001", "user_id": "25381719828140932", "webhook": True, "text": "é😀"}])
        is_told = wait_until(lambda: counted(metrics_of(served), "bodies_received_total") == 2)
        platform.set_webhooks(bad_signature=1, duplicate=0)
        platform.people_write([{"account": "1001", "user_id": "25381719828140932", "webhook": True}])
        is_refused = wait_until(lambda: counted(metrics_of(served), 'refused_total{why="bad_signature"}') >= 1)
        told = platform.webhooks()[0].body

    assert (is_told, is_refused) == (True, True)
    assert stored(inbox) == [told]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"META_APP_SECRETS": None}, "WINDOWCAST_META_APP_SECRETS is not set"),
        ({"META_APP_SECRETS": " , ,"}, "WINDOWCAST_META_APP_SECRETS is not set"),
        ({"META_VERIFY_TOKEN": None}, "WINDOWCAST_META_VERIFY_TOKEN is not set"),
        ({"META_VERIFY_TOKEN": "  "}, "WINDOWCAST_META_VERIFY_TOKEN is not set"),
        ({"WEBHOOK_BODY_BYTES": "8 MiB"}, "WINDOWCAST_WEBHOOK_BODY_BYTES cannot be right"),
    ],
)
def test_without_its_secrets_it_does_not_start_and_says_which_is_missing(command, change, sentence):
    code, said = command(change)

    assert code == 2
    assert sentence in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("words", [["--host", "256.1.1.1"], ["--port", "taken"]])
def test_where_nothing_can_listen_it_says_so(command, words):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, said = command({}, *[port if word == "taken" else word for word in words])

    assert code == 2
    assert said.startswith("Nothing can listen on ")
    assert len(said.splitlines()) == 1


@pytest.fixture
def command(monkeypatch, capfd, tmp_path):
    """Run `windowcast webhooks serve` in this process, which is over before it would serve."""
    from cli.main import main
    from clients.settings import settings

    def run(change, *words: str) -> tuple[int, str]:
        for name, value in ({"META_APP_SECRETS": SECRET, "META_VERIFY_TOKEN": TOKEN} | change).items():
            if value is not None:
                monkeypatch.setenv(f"WINDOWCAST_{name}", value)
        settings.cache_clear()
        code = main(["webhooks", "serve", *words])
        out, err = capfd.readouterr()
        assert out == ""
        return code, err

    for name in ("META_APP_SECRETS", "META_VERIFY_TOKEN", "WEBHOOK_BODY_BYTES"):
        monkeypatch.delenv(f"WINDOWCAST_{name}", raising=False)
    monkeypatch.setenv("WINDOWCAST_HOME", str(tmp_path))
    yield run
    settings.cache_clear()


def test_to_a_person_it_says_where_it_is_reached(inbox, tmp_path):
    process = start(inbox, tmp_path, "--no-reconcile")
    line = process.stdout.readline().decode()
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)

    assert re.fullmatch(r"Webhooks are taken at http://127\.0\.0\.1:\d+/webhooks/meta; Ctrl-C ends this\.\n", line)
    assert (process.returncode, rest) == (0, b"")
