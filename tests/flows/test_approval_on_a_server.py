"""A large campaign on a real server: its run stands still, people are told, and another person lets it go."""

import json
from contextlib import contextmanager

import psycopg
import pytest
from prefect_machine import wait_until

from factories import TOKEN, user_id


@pytest.fixture
def places(receiver, named_server, shop, monkeypatch):
    """Three blocks: one that is told, one that answers 500, and one that hangs."""
    names = ("ops", "broken", "hanging")
    for name in names:
        monkeypatch.setenv("PLACE_ADDRESS", receiver.address(name))
        made = shop.command("notify", "set-up", "slack", "--address-in", "PLACE_ADDRESS", "--name", name)
        assert made.code == 0, made.err
        assert receiver.address(name) not in made.out + made.err
    monkeypatch.delenv("PLACE_ADDRESS")
    monkeypatch.setenv("WINDOWCAST_NOTIFY_BLOCKS", ",".join(f"slack-webhook/{name}" for name in names))
    return names


@contextmanager
def submitted_by_form(server, **parameters):
    """A run of the submit form, on a worker of the server."""
    deployment = server.call("deployments/name/submit-campaign/submit-campaign", method="GET")
    with server.worker():
        made = server.call(
            f"deployments/{deployment['id']}/create_flow_run",
            {"parameters": parameters, "state": {"type": "SCHEDULED"}},
        )
        yield made["id"]


def wait_for(server, run_id: str, state: str) -> dict:
    def stands() -> bool:
        found = server.call(f"flow_runs/{run_id}", method="GET")["state"]
        assert found["name"] in {
            state,
            "Scheduled",
            "Pending",
            "Running",
            "Late",
            "Submitting",
            "Resuming",
            "Suspended",
        }
        return found["name"] == state

    wait_until(stands, seconds=150)
    return server.call(f"flow_runs/{run_id}", method="GET")


def fill_in(server, run_id: str, **words) -> None:
    answer = server.call(f"flow_runs/{run_id}/resume", {"run_input": words})
    assert answer["status"] == "ACCEPT", answer


def test_a_large_campaign_waits_for_another_person_who_fills_in_the_form_of_its_run(
    shop, prefect_server, places, receiver, monkeypatch, database_18
):
    monkeypatch.setenv("WINDOWCAST_APPROVAL_ABOVE", "2")
    file = shop.csv("list.csv", [(user_id(number), "Grace") for number in range(4)])
    words = {"account": "Shop", "template": "sale · en · 1", "file": file, "name": "Big", "by": "Ada"}

    with submitted_by_form(prefect_server, **words) as run_id:
        wait_for(prefect_server, run_id, "Suspended")
        campaign = shop.command.json("campaigns", "list")[0]
        campaign_id, plan = campaign["campaign_id"], approval_of(shop, campaign["campaign_id"])["plan_hash"][:12]
        assert (campaign["state"], shop.accepted()) == ("awaiting_approval", [])
        fill_in(prefect_server, run_id, decision="approve", by=" ADA", plan=plan)
        # Its submitter's own name is no second person's: it is asked again, with why.
        wait_until(lambda: "another person is to approve it" in asked(prefect_server, run_id), seconds=150)
        wait_for(prefect_server, run_id, "Suspended")
        fill_in(prefect_server, run_id, decision="approve", by="Bob", plan=plan)
        wait_for(prefect_server, run_id, "Completed")

    (said,) = approval_of(shop, campaign_id)["said"]
    shown = shop.command("campaigns", "show", campaign_id)
    assert (said["by"], said["verdict"], said["plan_hash"][:12]) == ("Bob", "approved", plan)
    assert len(shop.accepted()) == 4
    texts = [told["text"] for told in receiver.told]
    assert [text.splitlines()[0] for text in texts] == ["Big: waits for a second person", "Big: finished"]
    assert all(f"/v2/runs/flow-run/{run_id}" in text for text in texts)
    assert f"The plan {plan} was approved by Bob" in shown.out
    with psycopg.connect(database_18) as connection:
        told = connection.execute("SELECT place, told_at IS NOT NULL, failure FROM windowcast.told").fetchall()
    assert sorted(told) == sorted(
        (f"slack-webhook/{name}", name == "ops", None if name == "ops" else "service_away")
        for name in [*places, *places]
    )
    _assert_nothing_personal(prefect_server, run_id, campaign_id, receiver)


def approval_of(shop, campaign_id: str) -> dict:
    return shop.command.json("campaigns", "show", campaign_id)["approval"]


def asked(server, run_id: str) -> str:
    """All that the forms of a run have said above their fields."""
    inputs = server.call(f"flow_runs/{run_id}/input/filter", {"prefix": "suspended", "limit": 50, "exclude_keys": []})
    return " ".join(one["value"] for one in inputs if one["key"].endswith("description"))


def _assert_nothing_personal(server, run_id: str, campaign_id: str, receiver) -> None:
    artifacts = json.dumps(
        [one for one in server.call("artifacts/filter", {}) if (one["key"] or "").endswith(campaign_id)]
    )
    logs = json.dumps(server.call("logs/filter", {"logs": {"flow_run_id": {"any_": [run_id]}}}))
    assert {f'"{kind}-{campaign_id}"' in artifacts for kind in ("plan", "approval", "progress", "summary")} == {True}
    for text in (artifacts, logs, json.dumps(receiver.told)):
        assert not [word for word in ("Grace", user_id(0), TOKEN, receiver.address("ops")) if word in text]


def test_an_approval_by_the_command_ends_the_waiting_run_and_has_another_one_send(
    shop, prefect_server, named_server, monkeypatch
):
    monkeypatch.setenv("WINDOWCAST_APPROVAL_ABOVE", "2")
    file = shop.csv("list.csv", [(user_id(number), "Grace") for number in range(4)])
    words = {"account": "Shop", "template": "sale · en · 1", "file": file, "name": "Big", "by": "Ada"}

    with submitted_by_form(prefect_server, **words) as run_id:
        wait_for(prefect_server, run_id, "Suspended")
        campaign_id = shop.command.json("campaigns", "list")[0]["campaign_id"]
        plan = approval_of(shop, campaign_id)["plan_hash"]
        done = shop.command("campaigns", "approve", campaign_id, "--plan", plan, "--by", "Bob")
        wait_until(lambda: len(shop.accepted()) == 4, seconds=150)

    assert "A run of the Prefect server sends it now." in done.out, done.err
    assert wait_for(prefect_server, run_id, "Cancelled")["state"]["message"].startswith("The campaign was approved")
