"""What is said when a Prefect server answers and does not do what it was asked."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from clients.prefect_server import RunOrder, make_run, open_server
from domain.errors import ConfigurationError, ServiceAwayError

ORDER = RunOrder("send-campaign/send-campaign", "send Autumn", {}, "key")


@contextmanager
def answering(status: int):
    """A server that answers everything with a status; yields the address of its API."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/api"
        finally:
            server.shutdown()


@pytest.mark.parametrize(
    ("status", "error", "sentence"),
    [
        pytest.param(500, ServiceAwayError, r"could not do what it was asked \(HTTP 500\); nothing was", id="broken"),
        pytest.param(401, ConfigurationError, "wants a login: set PREFECT_API_AUTH_STRING", id="locked"),
        pytest.param(418, ConfigurationError, r"refuses what it was asked \(HTTP 418\)", id="something else"),
    ],
)
def test_what_a_server_answers_is_said_with_what_to_do(monkeypatch, status, error, sentence):
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with answering(status) as url, temporary_settings({PREFECT_API_URL: url}):
        monkeypatch.setenv("PREFECT_API_URL", url)
        with pytest.raises(error, match=sentence) as told, open_server() as client:
            make_run(client, ORDER)

    assert url in str(told.value)
