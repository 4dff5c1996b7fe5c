"""A server on which something is missing: one sentence says what, and the campaign stays as it was."""

from datetime import UTC, datetime, timedelta

import pytest

from factories import user_id


@pytest.fixture
def submit(shop, named_server):
    """Submit a campaign of one person for in an hour; return how the command ended, and the campaign's state."""

    def run(name: str):
        at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        file = shop.csv(f"{name}.csv", [(user_id(1), name)])
        words = shop.words(file, "--at", at, "--name", name)
        done = shop.command("submit", *words, "--yes", "--json")
        return done, done.json["state"]

    return run


@pytest.fixture
def deployed_after(prefect_server):
    """Whatever a test has done to the server, the others get a whole one: this is how a team mends it too."""
    yield
    mended = prefect_server.windowcast("deploy")
    assert mended.returncode == 0, mended.stderr


def test_a_timed_submit_says_at_once_why_nothing_on_the_server_would_start_it(
    shop, submit, prefect_server, deployed_after
):
    sender = prefect_server.call("deployments/name/send-campaign/send-campaign", method="GET")
    older = {"type": "object", "properties": {"list": {"type": "string"}}, "required": ["list"]}

    prefect_server.forget_workers()
    alone, state_alone = submit("Alone")
    no_queue = shop.command("worker", "--work-queue", "furter")
    prefect_server.call("work_pools/windowcast", {"is_paused": True}, method="PATCH")
    paused, state_paused = submit("Paused")
    prefect_server.call("work_pools/windowcast", method="DELETE")
    nowhere, state_nowhere = submit("Nowhere")
    worker = shop.command("worker")
    prefect_server.call(f"deployments/{sender['id']}", {"parameter_openapi_schema": older}, method="PATCH")
    refused, state_refused = submit("Older")

    assert {state_alone, state_paused, state_nowhere, state_refused} == {"scheduled"}
    assert [done.code for done in (alone, paused, nowhere, refused)] == [0, 0, 0, 2]
    assert "no worker of the work pool windowcast runs; `windowcast worker --pool windowcast`" in alone.err
    assert "the work pool windowcast is paused; `prefect work-pool resume windowcast`" in paused.err
    assert "its work pool was deleted; `windowcast deploy` makes it again" in nowhere.err
    assert (no_queue.code, no_queue.err.strip()) == (
        2,
        "The work pool windowcast has no queue furter; it has default, further.",
    )
    assert (worker.code, "has no work pool windowcast; `windowcast deploy`" in worker.err) == (2, True)
    assert "refuses what this Windowcast asks of it, so it is another version's" in refused.out
    assert "which stays scheduled: `windowcast campaigns run " in refused.out
