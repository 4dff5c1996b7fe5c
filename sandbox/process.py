"""The sandbox as a child process, and the client by which a test or the demo rules it."""

import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from sandbox.errors import ControlError
from sandbox.told import ToldEvent
from sandbox.truth import AcceptedMessage, PostRecord, Summary

_ROOT: Final = Path(__file__).resolve().parent.parent
_READY_WITHIN_SECONDS: Final = 30.0
_END_WITHIN_SECONDS: Final = 5.0
_PAGE: Final = 20_000
_BODIES_PAGE: Final = 500


@dataclass(frozen=True)
class WebhookBody:
    """One published webhook body: the raw bytes to POST, the headers to POST them with, and what became of it.

    `tries` is how often it was carried to the webhook URL, `last_status` how the last try was answered.
    """

    number: int
    account: str
    body: bytes
    headers: dict[str, str]
    accounts: tuple[str, ...] = ()
    tries: int = 0
    last_status: int | None = None
    is_taken: bool = False


class SandboxClient:
    """Talks to a running sandbox. Every call raises ControlError with the sandbox's sentence if it refuses."""

    def __init__(self, url: str, *, pid: int | None = None) -> None:
        self.url = url
        self.pid = pid
        self._http = httpx.Client(base_url=f"{url}/sandbox", trust_env=False, timeout=60.0)

    def add_accounts(self, accounts: Iterable[dict[str, Any]]) -> None:
        """Create accounts, or change the given fields of those that exist (`token` None: no token is valid)."""
        self._call("POST", "accounts", list(accounts))

    def accounts(self) -> list[dict[str, Any]]:
        """Return the accounts, without their secrets."""
        found: list[dict[str, Any]] = self._call("GET", "accounts")
        return found

    def people_write(self, acts: Iterable[dict[str, Any]]) -> list[str]:
        """Let people do things: account, user_id, kind, occurred_at, ...; return the ids of comments and posts made."""
        made: list[str] = self._call("POST", "people", list(acts))["object_ids"]
        return made

    def page_act(self, acts: Iterable[dict[str, Any]]) -> None:
        """Let accounts, other apps and Meta do things, and tell of them: account, kind, ... (`sandbox.page_acts`)."""
        self._call("POST", "page", list(acts))

    def add_fault(
        self,
        fault: str | dict[str, Any],
        *,
        account: str | None = None,
        user_id: str | None = None,
        every: int = 1,
        count: int | None = None,
        after: int = 0,
        call: str = "messages",
    ) -> None:
        """Add a rule: a preset's name or a fault's fields, whom it hits, and how often (see `sandbox.faults`)."""
        whom = {"account": account, "user_id": user_id}
        self._call(
            "POST", "faults", {"fault": fault, **whom, "every": every, "count": count, "after": after, "call": call}
        )

    def clear_faults(self) -> None:
        """Forget all rules and end all throttles."""
        self._call("DELETE", "faults")

    def faults(self) -> list[dict[str, Any]]:
        """Return the rules in force, with how often each matched and struck."""
        rules: list[dict[str, Any]] = self._call("GET", "faults")["rules"]
        return rules

    def log(self, *, after: int = 0) -> list[AcceptedMessage]:
        """Return the messages really accepted, behind number `after`."""
        return [AcceptedMessage(**item) for item in self._pages("log", after=after)]

    def posts(self, *, after: int = 0) -> list[PostRecord]:
        """Return every POST that arrived for a message, behind number `after`."""
        return [PostRecord(**item) for item in self._pages("posts", after=after)]

    def summary(self) -> Summary:
        """Return the counts."""
        return Summary(**self._call("GET", "summary"))

    def webhooks(self, *, after: int = 0, limit: int | None = None) -> list[WebhookBody]:
        """Return the published webhook bodies behind number `after`, all or up to `limit`."""
        bodies: list[WebhookBody] = []
        while limit is None or len(bodies) < limit:
            size = _BODIES_PAGE if limit is None else min(_BODIES_PAGE, limit - len(bodies))
            page = self._call("GET", f"webhooks?after={after}&limit={size}")
            bodies += [_webhook_body(item) for item in page]
            if len(page) < size:
                break
            after = bodies[-1].number
        return bodies

    def told(self, *, after: int = 0) -> list[ToldEvent]:
        """Return the events told (and lost) behind number `after`: what a receiver may know."""
        return [ToldEvent(**item) for item in self._pages("told", after=after)]

    def set_webhooks(self, **settings: object) -> dict[str, Any]:
        """Change settings of webhooks and receipts; return them with the counts.

        They are the fields of `WebhookSettings` and `ReceiptSettings`; with `account`, receipts of that account alone.
        """
        state: dict[str, Any] = self._call("POST", "webhooks", settings)
        return state

    def release_webhooks(self, count: int | None = None) -> int:
        """Publish what is held, the oldest `count` or all, and return how many bodies that were."""
        released: int = self._call("POST", "webhooks/release", {} if count is None else {"count": count})["released"]
        return released

    def replay_webhooks(self, numbers: Iterable[int]) -> list[int]:
        """Publish bodies once more, byte for byte, and return their new numbers."""
        new: list[int] = self._call("POST", "webhooks/replay", {"numbers": list(numbers)})["numbers"]
        return new

    def clock(self) -> dict[str, Any]:
        """Return the platform's time (`now` ISO, `now_ms`) and `offset_seconds`."""
        read: dict[str, Any] = self._call("GET", "clock")
        return read

    def set_clock(self, **change: object) -> dict[str, Any]:
        """Set one of `offset_seconds`, `advance_seconds` and `now` (ISO 8601); return the clock."""
        read: dict[str, Any] = self._call("POST", "clock", change)
        return read

    def set_rules(self, **rules: bool) -> None:
        """Switch Meta's rules on or off (fields of `sandbox.platform.Rules`)."""
        self._call("POST", "rules", rules)

    def close(self) -> None:
        """Close the connections; the sandbox goes on."""
        self._http.close()

    def _pages(self, path: str, *, after: int) -> Iterator[dict[str, Any]]:
        """Yield the entries of a log, page by page, so that a long one does not stop the sandbox."""
        while page := self._call("GET", f"{path}?after={after}&limit={_PAGE}"):
            yield from page
            after = page[-1]["number"]

    def _call(self, method: str, path: str, body: object = None) -> Any:
        """Make one call and return its JSON."""
        content = None if body is None else json.dumps(body).encode()
        response = self._http.request(method, f"/{path}", content=content)
        if response.status_code == httpx.codes.BAD_REQUEST:
            raise ControlError(response.json()["error"])
        response.raise_for_status()
        return response.json()


@contextmanager
def running_sandbox(
    log_path: Path | None = None,
    webhook_url: str | None = None,
    *,
    keep_alive_seconds: float = 75.0,
    seed: int | None = None,
) -> Iterator[SandboxClient]:
    """Run a sandbox as a child process on a free loopback port while the context lasts.

    It has its own session, and ends with this process even if that is killed. Raises RuntimeError if it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="sandbox-") as folder, Path(folder, "stderr").open("wb") as errors:
        ready = Path(folder, "ready.json")
        command = [sys.executable, "-m", "sandbox", "--port", "0", "--ready-file", str(ready)]
        command += ["--parent-pid", str(os.getpid()), "--keep-alive-seconds", str(keep_alive_seconds)]
        command += ["--log", str(log_path.resolve())] if log_path else []
        command += ["--webhook-url", webhook_url] if webhook_url else []
        command += ["--seed", str(seed)] if seed is not None else []
        child = subprocess.Popen(  # noqa: S603  our own module, by our own interpreter
            command,
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
        try:
            client = SandboxClient(_url_when_ready(child, ready, Path(folder, "stderr")), pid=child.pid)
            try:
                yield client
            finally:
                client.close()
        finally:
            _end(child)


def _url_when_ready(child: subprocess.Popen[bytes], ready: Path, errors: Path) -> str:
    """Return the URL as soon as the child serves."""
    deadline = time.monotonic() + _READY_WITHIN_SECONDS
    while not ready.exists():
        if child.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the sandbox did not start: {errors.read_text(errors='replace')[-2000:]}")
        time.sleep(0.01)
    url: str = json.loads(ready.read_text())["url"]
    return url


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the child by its pid: asked first, then made to. One that was stopped is continued, or it could not hear."""
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        child.send_signal(signal.SIGCONT)
    try:
        child.wait(_END_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _webhook_body(item: dict[str, Any]) -> WebhookBody:
    """Return a body with its bytes as they were."""
    fields = {name: item[name] for name in WebhookBody.__dataclass_fields__ if name in item}
    body = base64.b64decode(item["body_base64"])
    return WebhookBody(**{**fields, "body": body, "accounts": tuple(item["accounts"])})
