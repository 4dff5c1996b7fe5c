"""The sandbox as a child process: its whole life, and the client that rules it."""

import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from sandbox.errors import ControlError
from sandbox.platform import Platform
from sandbox.process import SandboxClient, running_sandbox
from sandbox.scene import set_scene

ROOT = Path(__file__).resolve().parents[2]
PAGE = "100200300400500"
PERSON = "25381719828140932"
WINDOWCAST = [sys.executable, "-c", "from cli.main import main; raise SystemExit(main())", "sandbox"]


def send(client, text="Hello", **message):
    body = {"recipient": {"id": PERSON}, "messaging_type": "UPDATE", "message": {"text": text} | message}
    headers = {"Authorization": "Bearer token"}
    return httpx.post(f"{client.url}/v25.0/{PAGE}/messages", json=body, headers=headers, trust_env=False)


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def test_the_client_does_all_that_the_control_api_does(tmp_path):
    log_path = tmp_path / "truth.jsonl"
    with running_sandbox(log_path) as client:
        client.add_accounts([{"external_id": PAGE, "token": "token"}])
        client.people_write([{"account": PAGE, "user_id": PERSON, "webhook": True}])
        client.set_webhooks(read_share=0.0, delivery=False)
        client.add_fault("person_blocked", account=PAGE, user_id=PERSON, count=1)
        answers = [send(client).status_code, send(client, "Again", metadata="a-1").status_code]
        client.clear_faults()
        moved = client.set_clock(advance_seconds=90_000)
        answers.append(send(client).status_code)
        client.set_rules(window_rule=False)
        answers.append(send(client, "Late").status_code)

        assert answers == [400, 200, 403, 200]
        assert client.faults() == []
        assert client.clock()["offset_seconds"] == moved["offset_seconds"] == 90_000
        assert [one.text for one in client.log()] == ["Again", "Late"]
        assert [one.number for one in client.log(after=1)] == [2]
        assert [one.code for one in client.posts()] == [551, None, 10, None]
        assert (client.summary().accepted, client.summary().late) == (2, 1)
        assert [one["people"] for one in client.accounts()] == [1]
        bodies = client.webhooks()
        items = [item for one in bodies for item in json.loads(one.body)["entry"][0]["messaging"]]
        assert [item["message"].get("is_echo", False) for item in items] == [False, True, True]
        assert client.webhooks(after=bodies[0].number, limit=1)[0].number == 2
        assert client.release_webhooks() == 0
        with pytest.raises(ControlError, match="no preset"):
            client.add_fault("nonsense")
        pid = client.pid
    assert not is_alive(pid)
    lines = [json.loads(line) for line in log_path.read_text().splitlines()]
    assert sorted(line["log"] for line in lines) == ["accepted"] * 2 + ["posts"] * 4


def test_the_log_is_in_the_file_soon_while_the_sandbox_runs(tmp_path):
    log_path = tmp_path / "truth.jsonl"
    with running_sandbox(log_path) as client:
        client.add_accounts([{"external_id": PAGE, "token": "token"}])
        client.people_write([{"account": PAGE, "user_id": PERSON}])
        send(client)

        assert wait_until(lambda: log_path.read_text().count("\n") == 2)


def test_a_sandbox_with_a_call_that_hangs_ends_by_itself_when_asked(tmp_path):
    with commanded_sandbox(tmp_path) as (child, client):
        client.add_accounts([{"external_id": PAGE, "token": "token"}])
        client.add_fault({"kind": "hang", "seconds": 600})
        body = {"recipient": {"id": PERSON}}
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{client.url}/v25.0/{PAGE}/messages", json=body, timeout=0.3, trust_env=False)

        child.send_signal(signal.SIGTERM)

        assert child.wait(60) == 0


@contextmanager
def commanded_sandbox(folder):
    """Run the command of the sandbox; give its process and its client."""
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--log", str(folder / "log")]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as child:
        assert child.stdout is not None
        client = SandboxClient(json.loads(child.stdout.readline())["url"])
        try:
            yield child, client
        finally:
            client.close()
            child.kill()


def test_the_child_ends_when_its_parent_is_killed():
    program = (
        "import sys, time\n"
        "from sandbox.process import running_sandbox\n"
        "with running_sandbox() as client:\n"
        "    print(client.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        alive = is_alive(pid)
        os.kill(parent.pid, signal.SIGKILL)

        assert alive
        assert wait_until(lambda: not is_alive(pid))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_one_line_and_ends_cleanly_when_asked(tmp_path, number):
    with commanded_sandbox(tmp_path) as (child, client):
        status = httpx.get(f"{client.url}/sandbox/summary", trust_env=False).status_code
        child.send_signal(number)
        rest, errors = child.communicate(timeout=60)

    assert (status, child.returncode, rest, errors) == (200, 0, "", "")


def test_the_command_refuses_to_send_webhooks_elsewhere():
    command = [sys.executable, "-m", "sandbox", "--webhook-url", "http://192.0.2.1/hook"]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "loopback" in ended.stderr


def test_a_sandbox_that_cannot_start_says_why(tmp_path):
    with pytest.raises(RuntimeError, match="No such file"), running_sandbox(tmp_path / "missing" / "log"):
        pass


def write_scene(folder, **scene):
    path = folder / "scene.json"
    path.write_text(json.dumps(scene), encoding="utf-8")
    return path


@contextmanager
def running_command(*words, **environment):
    """Run `windowcast sandbox` with these words and yield a client of it."""
    command = [*WINDOWCAST, "--port", "0", *map(str, words)]
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as child:
        assert child.stdout is not None
        client = SandboxClient(json.loads(child.stdout.readline())["url"], pid=child.pid)
        try:
            yield client
        finally:
            client.close()
            child.send_signal(signal.SIGTERM)


def test_a_scene_sets_up_what_a_person_wants_to_try_and_the_secret_is_of_the_environment(tmp_path):
    says = {"account": PAGE, "user_id": PERSON, "webhook": True}
    scene = write_scene(
        tmp_path,
        accounts=[{"external_id": PAGE, "token": "token"}],
        people=[says],
        page=[{"account": PAGE, "kind": "policy", "action": "warning"}],
        webhooks={"batch_size": 1},
        rules={"window_rule": False},
    )

    with running_command("--scene", scene, "--seed", 7, WINDOWCAST_META_APP_SECRETS="first, second") as client:
        bodies, told = client.webhooks(), client.told()

    assert [line.kind for line in told] == ["message", "policy_warning"]
    expected = hmac.new(b"first", bodies[0].body, hashlib.sha256).hexdigest()
    assert bodies[0].headers["X-Hub-Signature-256"] == f"sha256={expected}"


@pytest.mark.parametrize(
    ("scene", "sentence"),
    [
        ({"people": [{"account": PAGE, "user_id": PERSON}]}, "there is no account"),
        ({"accounts": {}}, "accounts is a list"),
        ({"accounts": [5]}, "accounts is a list of objects"),
        ({"weather": []}, "it is an object with accounts"),
        ({"webhooks": {"url": "http://example.com/"}}, "loopback"),
    ],
)
def test_a_scene_that_makes_no_sense_is_refused_with_a_sentence_that_names_it(tmp_path, scene, sentence):
    path = write_scene(tmp_path, **scene)

    with pytest.raises(ControlError, match=sentence) as refused:
        set_scene(Platform(), path)

    assert str(path) in str(refused.value)


def test_the_windowcast_command_refuses_a_scene_that_is_no_json(tmp_path):
    path = tmp_path / "scene.json"
    path.write_text("accounts:", encoding="utf-8")
    command = [*WINDOWCAST, "--scene", str(path)]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"the scene {path}: it is not JSON" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_two_sandboxes_of_one_seed_answer_with_the_same_ids():
    def first_id():
        with running_sandbox(seed=7) as client:
            client.add_accounts([{"external_id": PAGE, "token": "token"}])
            client.people_write([{"account": PAGE, "user_id": PERSON}])
            return send(client).json()["message_id"]

    assert first_id() == first_id()


def test_the_client_plays_bodies_again_and_knows_what_was_told():
    with running_sandbox() as client:
        client.add_accounts([{"external_id": PAGE, "token": "token"}])
        client.set_webhooks(hold=True)
        client.page_act([{"account": PAGE, "kind": "policy", "action": "warning"}])
        before = client.told()
        released = client.release_webhooks(5)
        new = client.replay_webhooks([1])
        told, bodies = client.told(), client.webhooks()

    assert (before, released, new) == ([], 1, [2])
    assert [(line.kind, line.body, line.is_repeat) for line in told] == [
        ("policy_warning", 1, False),
        ("policy_warning", 2, True),
    ]
    assert bodies[0].body == bodies[1].body
    assert (bodies[0].accounts, bodies[0].tries, bodies[0].is_taken) == ((PAGE,), 0, False)


def test_hundreds_of_thousands_of_events_cost_the_sandbox_little_memory():
    acts = [{"account": PAGE, "user_id": PERSON, "kind": "read", "webhook": True} for _ in range(50_000)]
    with running_sandbox() as client:
        client.add_accounts([{"external_id": PAGE, "token": "token"}])
        client.set_webhooks(hold=True, batch_size=1000)
        client.people_write(acts)
        before = psutil.Process(client.pid).memory_info().rss
        for _ in range(2):
            client.people_write(acts)
        released = client.release_webhooks()
        grown = psutil.Process(client.pid).memory_info().rss - before

    assert released == 150
    # 100,000 more events: as dictionaries they would be some 130 MB.
    assert grown < 60 * 1024 * 1024
