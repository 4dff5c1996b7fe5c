"""A browser that stays open and is asked over its own protocol: for pages whose program talks to a server.

Such a page is done when it says what it is to say, in real time: a browser's virtual time runs ahead of a busy server.
"""

import base64
import json
import subprocess
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx
from websockets.sync.client import connect

START_WITHIN_SECONDS = 60
SHOWN_WITHIN_SECONDS = 60
LOAD_AGAIN_SECONDS = 20
STEADY_LOOKS = 4


class LiveBrowser:
    """One tab of a browser without a window."""

    def __init__(self, socket, folder: Path) -> None:
        self._socket = socket
        self._folder = folder
        self._numbers = count(1)

    def open(self, address: str, *, until: list[str]) -> str:
        """Open a page, wait until it says all of this and goes on to, and return what it says.

        Addresses of the pictures that it shows are part of that. A page may show itself, wait once more, and be back.
        """
        return self._wait(until=until, address=address)

    def _wait(self, *, until: list[str], address: str | None = None) -> str:
        deadline, again, looks = time.monotonic() + SHOWN_WITHIN_SECONDS, 0.0, 0
        while looks < STEADY_LOOKS:
            # A page that could not reach its busy server gives up for good.
            if address is not None and time.monotonic() > again:
                self._ask("Page.navigate", url=address)
                again = time.monotonic() + LOAD_AGAIN_SECONDS
            time.sleep(0.3)
            shown = self._evaluate(
                "document.body.innerText + [...document.images].filter(one => one.naturalWidth).map(one => one.src)"
            )
            missing = [words for words in until if words not in shown]
            looks = 0 if missing else looks + 1
            assert time.monotonic() < deadline, f"{address or 'the page'} does not say {missing}, but: {shown[:600]}"
        return shown

    def log_in(self, site: str, login: str) -> None:
        """Log in to a Prefect server as people do: its page asks for user:password in one field."""
        self.open(site, until=["Login"])
        self._evaluate("document.querySelector('input[type=password]').focus()")
        self._ask("Input.insertText", text=login)
        self._evaluate("document.querySelector('button[type=submit]').click()")
        self._wait(until=["Logout"])

    def set_size(self, width: int, height: int) -> None:
        """Make the page itself this large, without the frame of a window."""
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def picture(self, name: str) -> bytes:
        """What the page looks like, as PNG; it is kept under its name."""
        data = base64.b64decode(self._ask("Page.captureScreenshot", format="png")["data"])
        (self._folder / f"{name}.png").write_bytes(data)
        return data

    def _evaluate(self, expression: str) -> str:
        return self._ask("Runtime.evaluate", expression=expression)["result"].get("value", "")

    def _ask(self, method: str, **parameters):
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while (answer := json.loads(self._socket.recv(timeout=30))).get("id") != number:
            pass  # an event, of which none is waited for
        assert "error" not in answer, answer
        return answer["result"]


@contextmanager
def live_browser(program: str, folder: Path, *, width: int, height: int):
    """Start a browser, which reaches nothing but this machine, and end it."""
    options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--proxy-server=127.0.0.1:9")
    quiet = ("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage")
    profile = folder / "live-profile"
    where = (f"--user-data-dir={profile}", "--remote-debugging-port=0", "--hide-scrollbars")
    process = subprocess.Popen(
        [program, *options, *quiet, *where, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with connect(_first_tab(profile / "DevToolsActivePort"), max_size=None) as socket:
            browser = LiveBrowser(socket, folder)
            browser.set_size(width, height)
            yield browser
    finally:
        process.terminate()
        process.wait(timeout=20)


def _first_tab(port_file: Path) -> str:
    deadline = time.monotonic() + START_WITHIN_SECONDS
    while not (port_file.exists() and port_file.read_text().strip()):
        assert time.monotonic() < deadline, "the browser does not start"
        time.sleep(0.1)
    port = port_file.read_text().split()[0]
    tabs = httpx.get(f"http://127.0.0.1:{port}/json/list", trust_env=False, timeout=30).json()
    return next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
