"""The command as its users meet it: a sandbox for the whole session, commands run against a fresh database.

These are the fixtures of the tests of commands, of flows and of the machine.
"""

import gc
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ended import Ended
from factories import TOKEN, user_id
from sandbox.process import SandboxClient, running_sandbox


@pytest.fixture(autouse=True)
def collected_garbage():
    """See that the sockets which Prefect leaves open meet no other test.

    What outlives a test, as Prefect itself, is not looked through again after each later one: that takes half a second.
    """
    yield
    gc.collect()
    gc.freeze()


class CommandLine:
    """Runs `windowcast` in this process: the very function that the installed command calls."""

    def __init__(self, capfd, folder: Path) -> None:
        self._capfd = capfd
        self.folder = folder

    def __call__(self, *arguments: str) -> Ended:
        from cli.main import main
        from clients.settings import settings

        settings.cache_clear()  # a process of its own would read them
        self._capfd.readouterr()
        code = main(list(arguments))
        out, err = self._capfd.readouterr()
        return Ended(code, out, err)

    def json(self, *arguments: str, code: int = 0):
        result = self(*arguments, "--json")
        assert result.code == code, (result.out, result.err)
        return result.json


@pytest.fixture(scope="session")
def platform():
    with running_sandbox() as client:
        yield client


@pytest.fixture
def command(database_18, platform, monkeypatch, tmp_path, capfd):
    """The command on a fresh database, with the sandbox as the platform."""
    from clients.settings import settings

    for name in [name for name in os.environ if name.startswith("WINDOWCAST_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WINDOWCAST_DATABASE_URL", database_18)
    monkeypatch.setenv("WINDOWCAST_GRAPH_URL", platform.url)
    monkeypatch.setenv("WINDOWCAST_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    yield CommandLine(capfd, tmp_path)
    settings.cache_clear()
    _assert_every_promise_holds(database_18)


def _assert_every_promise_holds(url: str) -> None:
    from clients.postgres import connect
    from tasks.database import broken_promises

    with connect(url) as connection:
        assert broken_promises(connection) == {}


@pytest.fixture(scope="session")
def own_prefect():
    """See that no Prefect server is configured: a submit then runs its steps in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PREFECT_API_URL", raising=False)
        yield


@pytest.fixture
def shop(command, platform, own_prefect, request, monkeypatch):
    """An account with a template with one variable, and ten people who wrote an hour ago."""
    page = str(abs(hash(request.node.nodeid)) % 10**14 + 10**14)
    monkeypatch.setenv("PAGE_TOKEN", f"{TOKEN}-{page}")
    return Shop(command, platform, page=page)


class Shop:
    """One account on the sandbox and in the database."""

    def __init__(self, command: CommandLine, platform: SandboxClient, *, page: str) -> None:
        self.command = command
        self.platform = platform
        self.page = page
        platform.clear_faults()
        platform.add_accounts(
            [
                {
                    "external_id": page,
                    "channel": "messenger",
                    "token": f"{TOKEN}-{page}",
                    "app_secret": "s",
                    "name": "Shop",
                }
            ]
        )
        command.json(
            "accounts", "add", "Shop", "--channel", "messenger", "--provider", "graph", "--external-id", page,
            "--credential", "PAGE_TOKEN", "--pace", "none",
        )  # fmt: skip
        (command.folder / "sale.yaml").write_text(
            "code: sale\nlanguage: en\nchannel: messenger\nname: Sale\n"
            'content: {kind: text, text: "Hello $(first_name)!"}\n',
            encoding="utf-8",
        )
        command.json("templates", "add", "sale.yaml")
        (command.folder / "plain.yaml").write_text(
            'code: plain\nlanguage: en\nchannel: messenger\nname: Plain\ncontent: {kind: text, text: "Hello!"}\n',
            encoding="utf-8",
        )
        command.json("templates", "add", "plain.yaml")
        self.people_write(range(10))

    def people_write(self, numbers, *, hours_ago: float = 1) -> None:
        at = (datetime.now(UTC) - timedelta(hours=hours_ago)).isoformat()
        self.platform.people_write(
            {"account": self.page, "user_id": user_id(number), "kind": "message", "occurred_at": at}
            for number in numbers
        )
        lines = [f"Shop,{user_id(number)},message,{at}" for number in numbers]
        path = self.command.folder / "interactions.csv"
        path.write_text("\n".join(["account,user_id,kind,occurred_at", *lines]), encoding="utf-8")
        self.command.json("interactions", "import", str(path))

    def csv(self, name: str, rows) -> str:
        path = self.command.folder / name
        lines = [",".join(row) for row in [("user_id", "first_name"), *rows]]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return str(path)

    def words(self, file: str | None = None, *more: str, template: str = "sale") -> list[str]:
        given = ["--file", file] if file else []
        return ["--account", "Shop", "--template", template, "--language", "en", *given, *more]

    def accepted(self) -> list:
        return [message for message in self.platform.log() if message.account == self.page]
