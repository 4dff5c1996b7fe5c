"""Files from web addresses: redirects, limits, answers without a file, and nothing secret in a word of it."""

import logging
import socket
import threading

import httpx
import pytest

from clients import sources
from domain.errors import NotFoundError, ServiceAwayError, UsageError
from spreadsheet.web_server import CONTENT, SECRET, WebServer, fetch_here


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


async def test_fetching_works_where_an_event_loop_runs(server, tmp_path):
    assert fetch_here(f"{server.url}/list.csv", tmp_path).path.read_bytes() == CONTENT
