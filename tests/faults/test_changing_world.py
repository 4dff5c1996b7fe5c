"""F29, F35 and F36: what a run stands on changes under it: Prefect, the file that it reads, the schema."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from hashlib import sha256

import httpx
from command import ROOT, end_of, start_program

from deployments.prefect_tables import create_tables
from domain.errors import CampaignError
from domain.states import MessageState
from factories import user_id, write_table

CODE = ("cli", "clients", "domain", "flows", "reports", "sql", "tasks", "validations")
# A later version: a state that the old one does not know, tables locked for longer than a claim takes.
LATER = """
ALTER TYPE message_state ADD VALUE 'parked';
ALTER TABLE message_list ADD COLUMN note text NOT NULL DEFAULT '';
ALTER TABLE attempt ADD COLUMN note text NOT NULL DEFAULT '';
SELECT pg_sleep(1.5);
"""


def test_f36_a_migration_under_four_live_senders_holds_them_up_and_costs_nothing(make_scene, tmp_path):
    scene = make_scene(people=400, per_second=40, in_flight=10)
    later = _later_version(tmp_path / "later")

    with ExitStack() as stack:
        senders = [stack.enter_context(scene.start_sender()) for _ in range(4)]
        _wait_until(lambda: len(scene.posts()) >= 20)
        migrated = scene.command("db", "migrate", root=later)
        results = [sender.result() for sender in senders]
    found = scene.evidence()
    old = scene.command("campaigns", "run", str(scene.campaign_id))
    new = scene.command("campaigns", "run", str(scene.campaign_id), root=later)

    assert "applied 9999 later" in migrated.out, migrated.err
    assert {result["state"] for result in results} == {"finished"}
    assert found.unknown_before_echoes == 0
    assert found.states == {"sent": 400}
    assert len(found.posts) == 400
    assert set(found.states) <= set(MessageState)
    assert _attempts_around_the_migration(scene) == {True, False}
    assert (old.code, new.code) == (2, 0), new.err
    assert "newer than this Windowcast" in old.err


def test_f35_a_file_that_is_replaced_deleted_or_rewritten_while_it_is_read_is_taken_whole_or_not_at_all(
    make_scene, tmp_path
):
    scene = make_scene(people=4_000)
    lists = [range(2_000), range(2_000, 4_000)]
    contents = [_csv(tmp_path / f"{place}.csv", numbers) for place, numbers in enumerate(lists)]
    ids_by_hash = {
        sha256(content).hexdigest(): {user_id(number) for number in numbers}
        for content, numbers in zip(contents, lists, strict=True)
    }
    path = tmp_path / "list.csv"
    path.write_bytes(contents[0])

    with _changing(path, contents), scene.world() as world:
        template = world.template(tmp_path, text="Hi!")
        ends = [_take_in(world, world.submission(scene.account, template, file=path), tmp_path) for _ in range(15)]

    taken = [(digest, ids) for digest, ids in ends if ids]
    assert taken != []
    assert [digest for digest, ids in taken if ids_by_hash.get(digest) != ids] == []


def test_f29_a_prefect_server_that_dies_in_the_middle_costs_no_message_and_the_next_run_goes_on(make_scene, tmp_path):
    scene = make_scene(people=60, per_second=10)
    with _prefect_server(tmp_path / "prefect") as (server, url):
        run = _start_flow(scene, url, home=tmp_path / "client")
        _wait_until(lambda: len(scene.posts()) >= 10 or run.poll() is not None, seconds=60)
        os.killpg(server.pid, signal.SIGKILL)
        posts_when_it_died = len(scene.posts())
        ended = end_of(run)
    sent = scene.states()
    again = scene.command("campaigns", "run", str(scene.campaign_id), "--json")
    found = scene.evidence()

    assert 10 <= posts_when_it_died < 60, ended.err
    assert sent == {"sent": 60}
    assert (again.code, again.json["state"]) == (0, "finished"), again.err
    assert found.states == {"sent": 60}
    assert len(found.posts) == 60


def _start_flow(scene, url, *, home) -> subprocess.Popen:
    """Start a run of the flow `send_campaign` that a Prefect server knows of."""
    program = "import sys, uuid, asyncio; from flows.send_campaign import send_campaign; "
    program += "print(asyncio.run(send_campaign(uuid.UUID(sys.argv[1]))))"
    environment = {"PREFECT_API_URL": url, "PREFECT_HOME": str(home), "DO_NOT_TRACK": "1"}
    # By itself Prefect's client asks a server that is away again for minutes.
    environment |= {"PREFECT_CLIENT_MAX_RETRIES": "0", "PREFECT_CLIENT_RETRY_EXTRA_CODES": ""}
    return start_program(program, [str(scene.campaign_id)], environment={**scene.environment, **environment})


def _later_version(root):
    """Make a source tree of a later version: ours, with one more migration."""
    for name in CODE:
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "sql/migrations/9999_later.sql").write_text(LATER)
    return root


def _attempts_around_the_migration(scene) -> set[bool]:
    with scene.world() as world:
        rows = world.connection.execute(
            "SELECT DISTINCT a.started_at > m.applied_at AS is_later FROM attempt AS a, migration AS m "
            "WHERE m.number = 9999"
        )
        return {row["is_later"] for row in rows}


def _csv(path, numbers) -> bytes:
    return write_table(path, [("user_id",), *((user_id(number),) for number in numbers)]).read_bytes()


@contextmanager
def _changing(path, contents):
    """Let somebody replace, rewrite in place and delete a file again and again."""
    is_over = threading.Event()

    def change() -> None:
        while not is_over.is_set():
            for content in contents:
                part = path.with_name("part")
                part.write_bytes(content)
                part.replace(path)
                time.sleep(0.003)
                with path.open("r+b", buffering=0) as file:
                    file.write(contents[0])
                time.sleep(0.003)
                path.unlink()
                time.sleep(0.001)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _take_in(world, submission, folder) -> tuple[str, set[str]]:
    """Take a list in; return the hash that it is known by and the ids that it made messages of: none if refused."""
    try:
        campaign_id = world.take_in(submission, folder)
    except CampaignError:
        return "", set()
    rows = world.connection.execute(
        "SELECT u.sha256, m.user_id FROM upload AS u INNER JOIN message_list AS m USING (campaign_id) "
        "WHERE m.campaign_id = %s",
        [campaign_id],
    ).fetchall()
    return (rows[0]["sha256"] if rows else ""), {row["user_id"] for row in rows}


@contextmanager
def _prefect_server(home):
    """A Prefect server of its own on loopback, in a process group of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_UI_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    create_tables(home / "prefect.db")
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            url = f"http://127.0.0.1:{port}/api"
            _wait_until(lambda: _is_healthy(url), seconds=90)
            yield server, url
        finally:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGKILL)
            server.wait(20)


def _is_healthy(url) -> bool:
    try:
        return httpx.get(f"{url}/health", trust_env=False, timeout=2).is_success
    except httpx.HTTPError:
        return False


def _wait_until(condition, *, seconds=60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
