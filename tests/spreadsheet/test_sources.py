"""Files that lie elsewhere: web addresses from a real server on loopback, and stores.

No s3, gcs or sftp is tried here: their packages are extras, and only what happens without them is.
"""

import asyncio
import gzip
import logging
import socket
import threading

import fsspec
import httpx
import pytest
from aiohttp import web

from clients import sources
from clients.sources import fetch
from domain.errors import NotFoundError, ServiceAwayError, UsageError
from domain.submission import file_or_address, shown_address

CONTENT = b"user_id\n12345\n"
SECRET = "sig=CANARY-signature"


async def give(_request):
    return web.Response(body=CONTENT)


async def drip(request):
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"1")
        await asyncio.sleep(0.05)


async def flood(request):
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"1" * 65_536)


async def lead(request):
    return web.Response(status=302, headers={"Location": request.query["to"]})


async def circle(_request):
    return web.Response(status=307, headers={"Location": "/circle"})


async def status(request):
    return web.Response(status=int(request.match_info["status"]))


async def packed(request):
    content = gzip.compress(CONTENT) if "whole" in request.query else b"\x1f\x8b\x08nonsense"
    return web.Response(body=content, headers={"Content-Encoding": "gzip"})


async def bomb(_request):
    return web.Response(body=gzip.compress(bytes(20_000_000)), headers={"Content-Encoding": "gzip"})


async def page(_request):
    return web.Response(text="<!doctype html><title>Log in</title>", content_type="text/html")


async def table_as_page(_request):
    return web.Response(body=CONTENT, content_type="text/html")


async def named(request):
    return web.Response(body=CONTENT, headers={"Content-Disposition": request.query["as"]})


class WebServer:
    """An aiohttp server in a thread of its own, on a port that was free."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *_exception):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._started.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._runner.cleanup())
        self._loop.close()

    async def _start(self):
        app = web.Application()
        app.add_routes(
            [
                web.get("/list.csv", give),
                web.get("/download.php", give),
                web.get("/drip", drip),
                web.get("/flood.csv", flood),
                web.get("/lead", lead),
                web.get("/circle", circle),
                web.get("/status/{status}", status),
                web.get("/packed.csv", packed),
                web.get("/bomb.csv", bomb),
                web.get("/page.xlsx", page),
                web.get("/table.csv", table_as_page),
                web.get("/named", named),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"


@pytest.fixture(scope="module")
def server():
    with WebServer() as running:
        yield running


@pytest.fixture
def raw_server():
    """A server that answers one connection with these very bytes and hangs up."""
    sockets = []

    def start(answer):
        listening = socket.create_server(("127.0.0.1", 0))
        sockets.append(listening)

        def serve():
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}/list.csv"

    yield start
    for each in sockets:
        each.close()


def fetch_here(address, folder, **limits):
    return fetch(address, folder, **{"most_bytes": 1_000_000, "seconds": 20, **limits})


def test_a_file_is_fetched_from_a_web_address(server, tmp_path):
    fetched = fetch_here(f"{server.url}/list.csv?{SECRET}#here", tmp_path)

    assert fetched.path.read_bytes() == CONTENT
    assert (fetched.path.name, fetched.shown) == ("recipients.csv", f"{server.url}/list.csv")


def test_no_query_is_logged(server, tmp_path, caplog):
    with caplog.at_level(logging.DEBUG):
        fetch_here(f"{server.url}/lead?to=/list.csv?{SECRET}", tmp_path)
        with pytest.raises(NotFoundError) as caught:
            fetch_here(f"{server.url}/status/404?{SECRET}", tmp_path)

    logged = "\n".join(record.getMessage() for record in caplog.records if record.name != "aiohttp.access")
    assert "CANARY" not in str(caught.value)
    assert [line for line in logged.splitlines() if "CANARY" in line and "receive_response_headers" not in line] == []


NAMES = {
    "plain": ('attachment; filename="May list.xlsx"', ".xlsx"),
    "in capitals": ("attachment; filename=LIST.CSV", ".csv"),
    "encoded": ("attachment; filename*=UTF-8''M%C3%A4rz.xlsx", ".xlsx"),
    "a path": ('attachment; filename="../../etc/x.csv"', ".csv"),
    "no kind of file": ('attachment; filename="x.php"', ""),
    "none": ("inline", ""),
    "nonsense": ("=;;;\"'", ""),
}


@pytest.mark.parametrize("case", NAMES)
def test_the_kind_of_a_file_is_told_by_the_name_that_the_server_gives(server, tmp_path, case):
    disposition, ending = NAMES[case]

    fetched = fetch_here(str(httpx.URL(f"{server.url}/named", params={"as": disposition})), tmp_path)

    assert fetched.path.suffix == ending
    assert fetched.path.parent == tmp_path / "fetched"


@pytest.mark.parametrize("to", ["/list.csv", "list.csv", "{}/list.csv"])
def test_a_redirect_is_followed_and_its_name_counts(server, tmp_path, to):
    fetched = fetch_here(f"{server.url}/lead?to={to.format(server.url)}", tmp_path)

    assert (fetched.path.read_bytes(), fetched.path.suffix) == (CONTENT, ".csv")
    assert fetched.shown == f"{server.url}/lead"


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:text/plain,x", "s3://a/b"])
def test_a_redirect_to_another_kind_of_address_is_refused(server, tmp_path, to):
    with pytest.raises(UsageError, match="leads on to an address of another kind"):
        fetch_here(f"{server.url}/lead?to={to}", tmp_path)


def test_a_redirect_that_holds_a_password_is_refused(server, tmp_path):
    with pytest.raises(UsageError, match="leads on to one that holds a password"):
        fetch_here(f"{server.url}/lead?to=http://ann:CANARY@127.0.0.1/", tmp_path)


def test_https_never_leads_back_to_http():
    answer = httpx.Response(302, headers={"Location": "http://example.org/x"})

    with pytest.raises(UsageError, match="another kind"):
        sources._next_url(httpx.URL("https://example.org/"), answer, "https://example.org/")


def test_redirects_without_end_are_refused(server, tmp_path):
    with pytest.raises(UsageError, match="more than 5 times"):
        fetch_here(f"{server.url}/circle", tmp_path)


NEAR = ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "0.0.0.0", "::1", "fe80::1%eth0", "fd00::1"]
NEAR += ["::ffff:127.0.0.1", "100.64.0.1", "224.0.0.1", "no address"]


@pytest.mark.parametrize("host", NEAR)
def test_addresses_of_this_machine_and_its_neighbours_are_near(host):
    assert sources._is_near(host)


@pytest.mark.parametrize("host", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_addresses_of_the_open_network_are_not_near(host):
    assert not sources._is_near(host)


@pytest.mark.parametrize("url", ["http://127.0.0.1/x", "http://localhost/x", "http://[::1]:8080/", "http://0x7f.1/"])
async def test_nobody_is_led_from_the_open_network_to_this_machine(url):
    with pytest.raises(UsageError, match="inner network"):
        await sources._refuse_near(httpx.URL(url), "https://example.org/list.csv")


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (404, NotFoundError, "There is no file at"),
        (410, NotFoundError, "There is no file at"),
        (403, UsageError, "may not be read from here"),
        (401, UsageError, "may not be read from here"),
        (400, UsageError, "it says 400"),
        (429, ServiceAwayError, "the server says 429"),
        (500, ServiceAwayError, "the server says 500"),
        (503, ServiceAwayError, "the server says 503"),
        (206, ServiceAwayError, "the server says 206"),
        (302, ServiceAwayError, "the server says 302"),
    ],
)
def test_every_answer_without_a_file_is_one_sentence(server, tmp_path, answer, error, words):
    with pytest.raises(error, match=words) as caught:
        fetch_here(f"{server.url}/status/{answer}?{SECRET}", tmp_path)

    assert str(caught.value).endswith(".")
    assert "CANARY" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_body_that_only_drips_ends_with_the_time(server, tmp_path):
    with pytest.raises(ServiceAwayError, match=r"more than 0\.3 seconds"):
        fetch_here(f"{server.url}/drip", tmp_path, seconds=0.3)


def test_a_body_without_end_is_cut_off_behind_the_limit(server, tmp_path):
    fetched = fetch_here(f"{server.url}/flood.csv", tmp_path, most_bytes=1_000_000)

    assert 1_000_000 < fetched.path.stat().st_size <= 1_000_000 + 1_048_576


def test_what_unpacks_without_end_is_cut_off_behind_the_limit(server, tmp_path):
    fetched = fetch_here(f"{server.url}/bomb.csv", tmp_path, most_bytes=1_000_000)

    assert 1_000_000 < fetched.path.stat().st_size < 20_000_000


def test_a_packed_answer_is_unpacked_and_a_broken_one_refused(server, tmp_path):
    assert fetch_here(f"{server.url}/packed.csv?whole", tmp_path).path.read_bytes() == CONTENT
    with pytest.raises(ServiceAwayError, match="could not be unpacked"):
        fetch_here(f"{server.url}/packed.csv", tmp_path)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nuser_id\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nuser_\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nContent-Length: 20\r\n\r\nuser_id\n",
        b"This is no HTTP at all\r\n\r\n",
        b"",
    ],
)
def test_an_answer_that_is_not_whole_is_no_file(raw_server, tmp_path, answer):
    with pytest.raises(ServiceAwayError, match="broke off before the file was whole"):
        fetch_here(raw_server(answer), tmp_path)


def test_a_page_to_log_in_is_called_so(server, tmp_path):
    with pytest.raises(UsageError, match="gives a web page and no file"):
        fetch_here(f"{server.url}/page.xlsx", tmp_path)


def test_a_table_that_the_server_calls_a_page_is_a_table(server, tmp_path):
    assert fetch_here(f"{server.url}/table.csv", tmp_path).path.read_bytes() == CONTENT


def test_a_server_that_is_away_is_away(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    with pytest.raises(ServiceAwayError, match="no connection could be made"):
        fetch_here(f"http://127.0.0.1:{port}/list.csv", tmp_path)


REFUSED = {
    "http://ann:CANARY@127.0.0.1/x.csv": "holds a user name or password",
    "https://CANARY@example.org/x.csv": "holds a user name or password",
    "sftp://ann:CANARY@example.org/x.csv": "holds a user name or password",
    "s3://key:CANARY@bucket/x.csv": "holds a user name or password",
    "http://": "names no host",
    "http:///x.csv": "names no host",
    "http://[::1/x": "is no address",
    "http://a:99999/x": "is no address",
    "http://a/\x00?CANARY": "cannot be seen",
    "file:///etc/passwd": "give the path of the file itself",
    "local://x": "give the path of the file itself",
    "simplecache::s3://a/b": "Addresses that begin with simplecache:// are not read",
    "zip://x.csv::s3://a/b?CANARY": "is no address",
    "s3://a/b::http://c/d": "of a kind that is not read",
    "://x": "of a kind that is not read",
    "zzz://a/b?CANARY": "of a kind that is not known",
}


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_may_not_be_used_is_refused_in_words_that_hold_no_secret(tmp_path, address):
    with pytest.raises(UsageError, match=REFUSED[address]) as caught:
        fetch_here(address, tmp_path)

    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "extra"), [("s3://b/x.csv", "s3"), ("gs://b/x.csv", "gcs"), ("sftp://h/x", "sftp")]
)
def test_a_missing_extra_is_named(tmp_path, address, extra):
    with pytest.raises(UsageError, match=f"need the extra {extra}, which is not installed here"):
        fetch_here(address, tmp_path)


@pytest.fixture
def memory():
    store = fsspec.filesystem("memory")
    yield store
    store.store.clear()
    store.pseudo_dirs[:] = [""]


def test_a_file_is_fetched_from_a_store(memory, tmp_path):
    memory.pipe("/lists/May.CSV", CONTENT)

    fetched = fetch_here("memory://lists/May.CSV", tmp_path)

    assert fetched.path.read_bytes() == CONTENT
    assert (fetched.path.suffix, fetched.shown) == (".csv", "memory://lists/May.CSV")


def test_a_stored_file_beyond_the_limit_is_cut_off_behind_it(memory, tmp_path):
    memory.pipe("/big.csv", bytes(5_000_000))

    assert fetch_here("memory://big.csv", tmp_path, most_bytes=1_000_000).path.stat().st_size == 1_048_576


@pytest.mark.parametrize("address", ["memory://missing.csv", "memory://lists"])
def test_what_a_store_does_not_have_is_not_found(memory, tmp_path, address):
    memory.pipe("/lists/May.csv", CONTENT)

    with pytest.raises(NotFoundError, match="There is no file at"):
        fetch_here(address, tmp_path)


class StrangeStore(fsspec.AbstractFileSystem):
    """A store with faults of its own, as the packages of the extras have them."""

    protocol = "strange"
    cachable = False
    may_end = threading.Event()

    def _open(self, path, mode="rb", **_options):
        match path.rpartition("/")[2]:
            case "closed":
                raise PermissionError(f"https://store/x?{SECRET}")
            case "hangs":
                self.may_end.wait(60)
        raise RuntimeError(f"403 for https://store/x?{SECRET}")


@pytest.fixture
def strange():
    fsspec.register_implementation("strange", StrangeStore, clobber=True)
    StrangeStore.may_end.clear()
    yield
    StrangeStore.may_end.set()


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("closed", UsageError, "may not be read from here"),
        ("broken", ServiceAwayError, r"could not be fetched \(RuntimeError\)"),
    ],
)
def test_the_errors_of_a_store_become_ours_without_their_words(strange, tmp_path, name, error, words):
    with pytest.raises(error, match=words) as caught:
        fetch_here(f"strange://{name}", tmp_path)

    assert "CANARY" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_store_that_does_not_come_back_is_left(strange, tmp_path):
    with pytest.raises(ServiceAwayError, match=r"took more than 0\.1 seconds"):
        fetch_here("strange://hangs", tmp_path, seconds=0.1)


async def test_fetching_works_where_an_event_loop_runs(server, tmp_path):
    assert fetch_here(f"{server.url}/list.csv", tmp_path).path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://a.org/b/c.xlsx?sig=1#x", "https://a.org/b/c.xlsx"),
        ("https://ann:pw@a.org/b", "https://a.org/b"),
        ("https://a.org?x=/y@z", "https://a.org"),
        ("s3://bucket/a@b.csv", "s3://bucket/a@b.csv"),
        ("list.csv", "list.csv"),
    ],
)
def test_an_address_is_shown_without_its_query_and_its_names(address, shown):
    assert shown_address(address) == shown


def test_an_address_is_told_from_a_path():
    assert str(file_or_address("a/b.csv")) == "a/b.csv"
    assert isinstance(file_or_address("C:\\list.csv"), type(file_or_address("a")))
    assert file_or_address("https://a.org/b") == "https://a.org/b"
