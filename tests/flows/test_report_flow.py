"""Reports of a server's runs: the nightly one, the record of a submit, and its validation."""

import asyncio

from factories import user_id


def test_the_flow_keeps_the_night_and_shows_it_in_small_tables(shop):
    from prefect.artifacts import Artifact

    from clients.settings import settings
    from flows.report_eligibility import report_eligibility

    kept = [asyncio.run(report_eligibility()) for _ in range(2)]

    artifact = asyncio.run(Artifact.aget("eligibility"))
    assert kept == ["kept", "was_kept"]
    assert "| Shop | 10 | 0 | 0 | 0 | 0 | 10 | 10 | 0 |" in artifact.data
    folder = settings().home / "reports"
    assert sorted(path.suffix for path in folder.iterdir()) == [".html", ".xlsx"]
    others = {"eligibility-2020-01-01.csv", "eligibility-2020-13-01.html", "mine-2020-01-01.html"}
    for name in ("eligibility-2020-01-01.html", "eligibility-2020-01-01-segment.xlsx", *others):
        (folder / name).touch()

    deleted = shop.command.json("db", "maintain")["deleted"]

    assert deleted["files of nightly reports"] == 2
    assert {path.name for path in folder.iterdir()} > others
    assert len(list(folder.iterdir())) == len(others) + 2


def test_a_submit_on_a_server_names_its_runs_in_the_record_and_the_validation_report_in_its_run(shop, prefect_server):
    file = shop.csv("list.csv", [(user_id(1), "Ada")])
    submitted = prefect_server.windowcast("submit", *shop.words(file, "--name", "Recorded"), "--yes", "--json")
    assert submitted.returncode == 0, submitted.stderr

    (history,) = shop.command.json("report", "history")
    wanted = {"artifacts": {"key": {"any_": [f"validation-{history['campaign_id']}"]}}}
    (validation,) = prefect_server.call("artifacts/filter", wanted)

    runs = {run["flow"]: run["flow_run_id"] for run in history["runs"]}
    names = {run["id"]: run["name"] for run in prefect_server.runs()}
    assert {flow: names[run_id] for flow, run_id in runs.items()} == {
        "submit-campaign": "submit Recorded to Shop",
        "send-campaign": "send Recorded",
    }
    assert f"`windowcast campaigns validation {history['campaign_id']} --out page.html`" in validation["data"]
