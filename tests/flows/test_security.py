"""The installation keeps its secrets: a run through every part of it leaves none of them anywhere; no login, no use."""

import hashlib
import hmac
import json
import signal
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest
from canaries import command_lines, files, found, tables
from prefect_machine import COMMAND, LOGIN, wait_until
from told_place import Receiver

from factories import user_id

SECRETS = {
    "token": "CANARY-token-of-the-page",
    "database password": "CANARY-database-password",
    "app secret": "CANARY-app-secret",
    "verify token": "CANARY/verify token",
    "erasure key": "CANARY-erasure-key-of-people",
    "address": "CANARYaddressOfTheNotification",
    "login": LOGIN,
    "password of the login": LOGIN.partition(":")[2],
}
PEOPLE = range(4)
# What may stand in our database, and nowhere on the Prefect server.
PERSONAL = {"name": "Canaria", "text": "Kanarienvogel", "person": user_id(2), "person erased": user_id(3)}


@pytest.fixture
def guarded(shop, prefect_server, database_18, monkeypatch):
    """The shop with every secret an installation has: the token in a Secret block, the rest in the environment."""
    from prefect.blocks.system import Secret

    receiver = Receiver()
    monkeypatch.delenv("PAGE_TOKEN")
    shop.platform.add_accounts(
        [
            {
                "external_id": shop.page,
                "channel": "messenger",
                "token": SECRETS["token"],
                "app_secret": "s",
                "name": "Shop",
            }
        ]
    )
    with psycopg.connect(database_18) as connection:
        connection.execute("UPDATE windowcast.account SET credential = 'secret/page-token'")
    monkeypatch.setenv(
        "WINDOWCAST_DATABASE_URL", psycopg.conninfo.make_conninfo(database_18, password=SECRETS["database password"])
    )
    monkeypatch.setenv("WINDOWCAST_META_APP_SECRETS", SECRETS["app secret"])
    monkeypatch.setenv("WINDOWCAST_META_VERIFY_TOKEN", SECRETS["verify token"])
    monkeypatch.setenv("WINDOWCAST_ERASURE_KEY", SECRETS["erasure key"])
    monkeypatch.setenv("WINDOWCAST_NOTIFY_BLOCKS", "slack-webhook/canary")
    with prefect_server.used_here():
        Secret(value=SECRETS["token"]).save("page-token", overwrite=True)
    place = receiver.address("ops").replace("opsxxxx", SECRETS["address"])
    made = prefect_server.windowcast(
        "notify", "set-up", "slack", "--address-in", "PLACE", "--name", "canary", PLACE=place
    )
    assert made.returncode == 0, made.stderr
    yield receiver
    receiver.close()


def test_a_run_through_everything_leaves_no_secret_anywhere(shop, prefect_server, guarded, database_18):
    shop.platform.add_fault("person_unavailable", account=shop.page, user_id=user_id(0))
    shop.platform.add_fault("token_dead", account=shop.page, after=2)
    (shop.command.folder / "bird.yaml").write_text(
        "code: bird\nlanguage: en\nchannel: messenger\nname: B\n"
        'content: {kind: text, text: "Kanarienvogel for $(first_name)!"}\n',
        encoding="utf-8",
    )
    seen = []

    seen += _said(prefect_server.windowcast("templates", "add", "bird.yaml"))
    file = shop.csv("list.csv", [(user_id(number), "Canaria") for number in PEOPLE])
    with prefect_server.worker(), prefect_server.worker(pool="windowcast-upkeep"):
        words = {"account": "Shop", "template": "bird · en · 1", "file": file, "name": "Birds"}
        gone = words | {"file": str(shop.command.folder / "gone.csv"), "name": "Gone"}
        runs = [
            _start(prefect_server, "submit-campaign", **words),
            _start(prefect_server, "report-eligibility"),
            _start(prefect_server, "submit-campaign", **gone),
        ]
        _watch_to_the_end(prefect_server, runs, seen)
        runs.append(_start(prefect_server, "sweep-campaigns"))
        seen += _tell_the_receiver(shop)
        seen += _said(prefect_server.windowcast("webhooks", "reconcile"))
        seen += _said(prefect_server.windowcast("people", "erase", user_id(3), "--yes"))
        seen += _said(prefect_server.windowcast("accounts", "check", "Shop"))
        _watch_to_the_end(prefect_server, runs, seen)

    (campaign,) = shop.command.json("campaigns", "list")
    ended = [prefect_server.call(f"flow_runs/{run_id}", method="GET")["state"] for run_id in runs]
    # The run was one in which much went wrong, and in which people were told.
    assert [state["type"] for state in ended] == ["FAILED", "COMPLETED", "FAILED", "COMPLETED"]
    assert "The account Shop is paused" in ended[0]["message"]
    assert "gone.csv" in ended[2]["message"]
    assert {state for state, count in campaign["by_state"].items() if count} >= {"failed", "sent", "ready"}
    assert any("Shop: the account is paused" in told["text"] for told in guarded.told)
    assert _count(database_18, "receipt_inbox") == 1
    assert _count(database_18, "erased_person") == 1
    of_prefect = list(files(prefect_server.home))
    places = [*of_prefect, *files(shop.command.folder), *tables(database_18), *seen]
    assert {place.rpartition(".")[2] for place, _ in places} >= {"db", "log", "xlsx", "html"}
    assert found(SECRETS, places) == []
    assert found(PERSONAL, [*of_prefect, ("what was told", json.dumps(guarded.told).encode())]) == []
    # What is looked for does stand where it may: the search reads the tables that it says it reads.
    assert "table windowcast.message_list" in {place for _, place in found(PERSONAL, tables(database_18))}


def _start(server, flow: str, **parameters) -> str:
    deployment = server.call(f"deployments/name/{flow}/{flow}", method="GET")
    body = {"parameters": parameters, "state": {"type": "SCHEDULED"}}
    return server.call(f"deployments/{deployment['id']}/create_flow_run", body)["id"]


def _watch_to_the_end(server, runs: list[str], seen: list) -> None:
    """Wait until runs are over, and look at the list of processes meanwhile."""

    def are_over() -> bool:
        seen.extend(command_lines())
        states = (server.call(f"flow_runs/{run_id}", method="GET")["state"]["type"] for run_id in runs)
        return all(state in {"COMPLETED", "FAILED", "CRASHED"} for state in states)

    wait_until(are_over, seconds=150)


def _said(done: subprocess.CompletedProcess[str]) -> list[tuple[str, bytes]]:
    assert done.returncode == 0, done.stderr
    return [(f"output of {done.args[-2:]}", (done.stdout + done.stderr).encode())]


def _tell_the_receiver(shop) -> list[tuple[str, bytes]]:
    """Let the platform subscribe to a receiver and post to it, with a right signature and with a wrong one."""
    event = {
        "sender": {"id": user_id(2)},
        "recipient": {"id": shop.page},
        "timestamp": int(datetime.now(UTC).timestamp() * 1000),
        "message": {"mid": "m_canary", "text": "Kanarienvogel"},
    }
    body = json.dumps({"object": "page", "entry": [{"id": shop.page, "time": 1, "messaging": [event]}]}).encode()
    signature = hmac.new(SECRETS["app secret"].encode(), body, hashlib.sha256).hexdigest()
    hub = {"hub.mode": "subscribe", "hub.challenge": "4711", "hub.verify_token": SECRETS["verify token"]}
    with _receiver(shop.command.folder) as url, httpx.Client(trust_env=False) as client:
        asked = client.get(f"{url}/webhooks/meta", params=hub)
        posted = [
            client.post(f"{url}/webhooks/meta", content=body, headers={"X-Hub-Signature-256": f"sha256={given}"})
            for given in (signature, "0" * 64)
        ]
        pages = [client.get(f"{url}{path}").content for path in ("/metrics", "/readyz")]
        seen = list(command_lines())
    assert (asked.status_code, asked.text, [answer.status_code for answer in posted]) == (200, "4711", [200, 403])
    return [*seen, *(("a page of the receiver", page) for page in pages)]


@contextmanager
def _receiver(folder):
    with (folder / "receiver.log").open("wb") as log:
        words = ("webhooks", "serve", "--port", "0", "--no-reconcile", "--json")
        process = subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, stderr=log)
        try:
            yield json.loads(process.stdout.readline())["receiver_url"].removesuffix("/webhooks/meta")
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)


def _count(url: str, table: str) -> int:
    with psycopg.connect(url) as connection:
        return connection.execute(f"SELECT count(*) FROM windowcast.{table}").fetchone()[0]  # ours


def _plant_in_file(folder, url, planted):
    (folder / "worker.log").write_bytes(b"\x00" + planted.encode() + b"\xff")
    return files(folder)


def _plant_in_workbook(folder, url, planted):
    with zipfile.ZipFile(folder / "report.xlsx", "w", zipfile.ZIP_DEFLATED) as workbook:
        workbook.writestr("xl/sharedStrings.xml", f"<t>{planted}</t>" * 3)
    return files(folder)


def _plant_in_pieces_of_sqlite(folder, url, planted):
    """Across the end of the first page of a long value, where the file has the number of the next page in between."""
    with closing(sqlite3.connect(folder / "prefect.db")) as database:
        database.execute("CREATE TABLE log (message TEXT)")
        database.executemany(
            "INSERT INTO log VALUES (?)", [("x" * before + planted + "y" * 9000,) for before in range(3800, 4200, 8)]
        )
        database.commit()
    return (place for place in files(folder) if ": table " in place[0])


def _plant_in_postgres(folder, url, planted):
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE windowcast.planted AS SELECT %s::jsonb AS a", [json.dumps({"a": planted})])
    return tables(url)


def _plant_in_a_header(folder, url, planted):
    import base64

    return [("log", b"Authorization: Basic " + base64.b64encode(planted.encode()))]


def _plant_in_arguments(folder, url, planted):
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)", planted])
    try:
        return list(command_lines())
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    "plant",
    [
        pytest.param(_plant_in_file, id="a log"),
        pytest.param(_plant_in_workbook, id="a packed workbook"),
        pytest.param(_plant_in_pieces_of_sqlite, id="rows of SQLite longer than a page"),
        pytest.param(_plant_in_postgres, id="a table of Postgres"),
        pytest.param(_plant_in_a_header, id="a header of basic authentication"),
        pytest.param(_plant_in_arguments, id="the list of processes"),
    ],
)
def test_a_secret_that_is_planted_is_found(plant, tmp_path, database_18):
    planted = "CANARY that was planted"

    places = list(plant(tmp_path, database_18, planted))

    assert [name for name, _ in found({"planted": planted, "other": "CANARY that was not"}, places)] == ["planted"]


@pytest.mark.parametrize(
    "login", [pytest.param("", id="without a login"), pytest.param("ops:CANARY-wrong", id="with a wrong login")]
)
@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("deploy",), id="deploy"),
        pytest.param(("worker",), id="worker"),
        pytest.param(("notify", "set-up", "slack", "--address-in", "PLACE"), id="notify"),
        pytest.param("submit", id="submit"),
    ],
)
def test_a_server_that_wants_a_login_gets_one_sentence(shop, named_server, monkeypatch, words, login):
    from prefect.settings import PREFECT_API_AUTH_STRING, temporary_settings

    monkeypatch.setenv("PLACE", "https://hooks.slack.com/services/T0/B0/X0")
    if words == "submit":
        at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        words = ("submit", *shop.words(shop.csv("list.csv", [(user_id(1), "Ada")]), "--at", at), "--yes")

    with temporary_settings({PREFECT_API_AUTH_STRING: login}):
        done = shop.command(*words)

    assert (done.code, done.out) == (2, "")
    assert "wants a login: set PREFECT_API_AUTH_STRING to its user:password." in done.err
    assert "Traceback" not in done.err
    assert "CANARY" not in done.err
