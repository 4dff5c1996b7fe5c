"""A place where people are told things, on loopback: it takes what it is told, fails, or hangs."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HANGS_FOR_SECONDS = 60


class Receiver:
    """A place on loopback that is told things: it takes them, answers 500, or never answers, by the path."""

    def __init__(self) -> None:
        self.told: list[dict] = []
        self._over = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if "broken" in self.path:
                    self.send_error(500)
                elif "hanging" in self.path:
                    receiver._over.wait(HANGS_FOR_SECONDS)
                else:
                    receiver.told.append(body)
                    self.send_response(200)
                    self.end_headers()

            def log_message(self, *arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def address(self, name: str) -> str:
        """An address of Apprise that is told in the shape of Slack: {"text": ...}."""
        return f"mmost://127.0.0.1:{self._server.server_address[1]}/{name}{'x' * 20}"

    def close(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
