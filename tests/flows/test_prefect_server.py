"""With a Prefect server the flows run there, timed, swept, and by its form."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest
from prefect_machine import wait_until

from factories import user_id


def test_a_submit_runs_on_the_named_server(shop, prefect_server):
    file = shop.csv("list.csv", [(user_id(number), "Ada") for number in range(5)])

    done = prefect_server.windowcast("submit", *shop.words(file, "--name", "Five"), "--yes", "--json")

    runs = prefect_server.runs(json.loads(done.stdout)["campaign_id"])
    (submit,) = [run for run in prefect_server.runs() if run["name"] == "submit Five to Shop"]
    wanted = {"artifacts": {"flow_run_id": {"any_": [submit["id"], *(run["id"] for run in runs)]}}}
    artifacts = prefect_server.call("artifacts/filter", wanted)
    assert done.returncode == 0, done.stderr
    assert len(shop.accepted()) == 5
    assert {run["state"]["type"] for run in [submit, *runs]} == {"COMPLETED"}
    assert [run["name"] for run in runs] == ["send Five"]
    assert {artifact["type"] for artifact in artifacts} == {"progress", "markdown"}


def test_a_timed_campaign_is_started_by_a_worker_of_the_server(shop, named_server):
    file = shop.csv("list.csv", [(user_id(number), "Ada") for number in range(3)])
    with named_server.worker():
        at = datetime.now(UTC) + timedelta(seconds=10)

        submitted = shop.command.json("submit", *shop.words(file, "--at", at.isoformat(), "--name", "Timed"), "--yes")
        campaign_id = submitted["campaign_id"]
        wait_until(lambda: shop.command.json("campaigns", "show", campaign_id)["state"] == "finished", seconds=90)

    assert submitted["state"] == "scheduled"
    assert shop.command.json("campaigns", "show", campaign_id)["by_state"]["sent"] == 3
    assert min(message.platform_ms for message in shop.accepted()) >= at.timestamp() * 1000
    assert [run["name"] for run in named_server.runs(campaign_id)] == [f"send Timed, {at:%Y-%m-%d %H:%M} UTC"]


def test_a_sweep_of_the_server_sends_to_whom_a_campaign_has_waited_for(shop, prefect_server, database_18):
    file = shop.csv("list.csv", [(user_id(77), "Ada")])
    until = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
    submitted = shop.command("submit", *shop.words(file, "--hold-until", until), "--yes", "--json")
    assert (submitted.code, submitted.json["held"]) == (6, 1), submitted.err
    shop.people_write([77], hours_ago=0)
    # As if its run had been over for an hour.
    with psycopg.connect(database_18) as connection:
        connection.execute("UPDATE windowcast.campaign SET started_at = started_at - interval '1 h'")

    with prefect_server.worker(), prefect_server.worker(pool="windowcast-upkeep"):
        sweep = prefect_server.call("deployments/name/sweep-campaigns/sweep-campaigns", method="GET")
        run = prefect_server.call(f"deployments/{sweep['id']}/create_flow_run", {"state": {"type": "SCHEDULED"}})
        campaign_id = submitted.json["campaign_id"]
        wait_until(lambda: shop.command.json("campaigns", "show", campaign_id)["state"] == "finished", seconds=90)

    shown = shop.command.json("campaigns", "show", campaign_id)
    assert (shown["by_state"]["sent"], shown["recovered"], shown["held"]) == (1, 1, 0)
    (message,) = shop.command.json("messages", campaign_id)
    assert message["recovered_at"] is not None
    told = prefect_server.call("artifacts/filter", {"artifacts": {"key": {"any_": ["sweep"]}}})
    assert any(campaign_named(told, "campaign_stopped")), (run, told)


def campaign_named(artifacts: list[dict], code: str) -> list[bool]:
    return [f"docs/runbook.md#{code}" in artifact["data"] for artifact in artifacts]


def test_the_form_offers_what_is_in_the_database_and_the_inbox_and_makes_a_campaign(shop, prefect_server, named_server):
    inbox = shop.command.folder / "home" / "inbox"
    inbox.mkdir(parents=True)
    shop.csv("home/inbox/spring.csv", [(user_id(number), "Ada") for number in range(2)])
    (shop.command.folder / "second.yaml").write_text(
        'code: second\nlanguage: de\nchannel: messenger\nname: S\ncontent: {kind: text, text: "Hallo!"}\n', "utf-8"
    )

    shop.command.json("templates", "add", "second.yaml")
    deployment = prefect_server.call("deployments/name/submit-campaign/submit-campaign", method="GET")
    fields = deployment["parameter_openapi_schema"]["properties"]
    given = {"account": "Shop", "template": "sale · en · 1", "inbox_file": "spring.csv", "name": "By form"}
    dry = {**given, "dry_run": True}
    path = f"deployments/{deployment['id']}/create_flow_run"
    with prefect_server.worker():
        runs = [
            prefect_server.call(path, {"parameters": words, "state": {"type": "SCHEDULED"}}) for words in (given, dry)
        ]
        wait_until(lambda: all(_is_over(prefect_server, run["id"]) for run in runs), seconds=90)

    assert fields["account"]["enum"] == ["Shop"]
    assert fields["template"]["enum"] == ["plain · en · 1", "sale · en · 1", "second · de · 1"]
    assert fields["inbox_file"]["enum"] == ["spring.csv"]
    assert [field["position"] for field in fields.values()] == sorted(field["position"] for field in fields.values())
    ended = [prefect_server.call(f"flow_runs/{run['id']}", method="GET") for run in runs]
    assert [(run["state"]["type"], run["name"]) for run in ended] == [("COMPLETED", "submit By form to Shop")] * 2
    (campaign,) = shop.command.json("campaigns", "list")
    assert (campaign["name"], campaign["by_state"]["sent"], len(shop.accepted())) == ("By form", 2, 2)
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        prefect_server.call(path, {"parameters": {**given, "account": "Nobody"}, "state": {"type": "SCHEDULED"}})


def test_deploying_again_changes_nothing_and_schedules_make_runs(prefect_server, shop):
    before, written = _deployed(prefect_server), _automations(prefect_server)

    again = prefect_server.windowcast("deploy", "--json")

    assert again.returncode == 0, again.stderr
    assert _deployed(prefect_server) == before
    # One that is written anew forgets the runs it has an eye on.
    assert _automations(prefect_server) == written
    # The server's scheduler makes them anew; with versions that do not fit together it silently makes none.
    wait_until(lambda: sum(run["auto_scheduled"] for run in prefect_server.runs()) >= 3, seconds=60)
    queues = prefect_server.call("work_pools/windowcast-upkeep/queues/filter", {})
    limits = {queue["name"]: queue["concurrency_limit"] for queue in queues}
    assert limits == {"default": None, "sweep": 1, "reconcile": 1, "daily": 1}


def _automations(server) -> dict[str, str]:
    """When each automation was written."""
    return {one["name"]: one["updated"] for one in server.call("automations/filter", {})}


def test_a_pool_of_an_older_installation_gets_the_command_and_one_of_containers_or_with_its_own_stays(prefect_server):
    from prefect.client.orchestration import get_client
    from prefect.workers.process import ProcessWorker

    from deployments.deploy import ensure_pool

    older = ProcessWorker.get_default_base_job_template()
    own = {**older, "job_configuration": {**older["job_configuration"], "command": "our-python -m prefect.engine"}}
    pools = {"older": ("process", older), "containers": ("docker", older), "own": ("process", own)}
    for name, (kind, template) in pools.items():
        prefect_server.call("work_pools/", {"name": name, "type": kind, "base_job_template": template})

    with prefect_server.used_here(), get_client(sync_client=True) as client:
        for name in ("new", *pools):
            ensure_pool(client, name, description="One.")
        commands = {
            name: client.read_work_pool(name).base_job_template["job_configuration"]["command"]
            for name in ("new", *pools)
        }

    from_environment = "{{ $WINDOWCAST_RUN_COMMAND }}"
    assert commands == {
        "new": from_environment,
        "older": from_environment,
        "containers": "{{ command }}",
        "own": "our-python -m prefect.engine",
    }


def test_a_server_that_is_away_gets_one_sentence(shop, prefect_server, monkeypatch):
    monkeypatch.setattr(prefect_server, "url", "http://127.0.0.1:9/api")

    done = prefect_server.windowcast("deploy")

    assert (done.returncode, done.stdout) == (5, "")
    assert "The Prefect server http://127.0.0.1:9/api does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def _deployed(server):
    """What a server has, without the ids and times that a deploy may change."""
    pools = sorted(pool["name"] for pool in server.call("work_pools/filter", {}))
    schedules = {
        one["name"]: [(each["slug"], each["active"]) for each in one["schedules"]]
        for one in server.call("deployments/filter", {})
    }
    automations = sorted(one["name"] for one in server.call("automations/filter", {}))
    return pools, schedules, automations


def _is_over(server, run_id: str) -> bool:
    return server.call(f"flow_runs/{run_id}", method="GET")["state"]["type"] in {"COMPLETED", "FAILED", "CRASHED"}
