"""The pages of a Prefect server that people read: a run and each of its artifacts, in a real browser."""

import json

import pytest
from live_browser import live_browser
from picture import Picture

from factories import user_id


@pytest.fixture
def pages(shop, prefect_server, monkeypatch):
    """The newest artifact of each kind, of a list with bad rows that is sent and of one that waits for approval."""
    rows = [(user_id(number), "Ada") for number in range(10)]
    file = shop.csv("list.csv", [*rows, ("123", "Bob")])
    done = prefect_server.windowcast(
        "submit", *shop.words(file, "--name", "Spring", "--accept-valid"), "--yes", "--json"
    )
    assert done.returncode == 3, done.stderr
    monkeypatch.setenv("WINDOWCAST_APPROVAL_ABOVE", "5")
    waits = prefect_server.windowcast(
        "submit", *shop.words(shop.csv("big.csv", rows), "--name", "Big", "--by", "Ada"), "--yes", "--json"
    )
    assert waits.returncode == 6, waits.stderr
    ids = tuple(json.loads(one.stdout)["campaign_id"] for one in (done, waits))
    newest = prefect_server.call("artifacts/latest/filter", {})
    ours = {one["key"].split("-")[0]: one["latest_id"] for one in newest if one["key"].endswith(ids)}
    site = prefect_server.url.removesuffix("/api") + "/v2"
    (run,) = [run for run in prefect_server.runs() if run["name"] == "submit Big to Shop"]
    addresses = {kind: f"{site}/artifacts/artifact/{artifact_id}" for kind, artifact_id in ours.items()}
    return {**addresses, "run": f"{site}/runs/flow-run/{run['id']}"}


SAYS = {
    "run": ["submit Big to Shop", "Completed"],
    "validation": ["rows are good"],
    "problems": ["All problems", "is not 5 to 20 digits", "campaigns workbook"],
    "plan": ["Eligible now: 10", "data:image/png;base64,"],
    "approval": ["Big waits for a second person.", "Submitted by", "Ada", "data:image/png;base64,"],
    "progress": ["10 sent", "of 11 rows"],
    "summary": ["people who could be reached", "█", "campaigns workbook"],
}


def test_a_run_and_each_of_its_artifacts_can_be_read_by_a_marketer(browser_program, tmp_path, pages, prefect_server):
    assert set(pages) == set(SAYS)

    with live_browser(browser_program, tmp_path, width=1300, height=900) as browser:
        browser.log_in(prefect_server.url.removesuffix("/api") + "/v2/dashboard", prefect_server.login)
        for kind, address in pages.items():
            said = browser.open(address, until=SAYS[kind])

            picture = Picture(browser.picture(f"artifact-{kind}"))
            assert user_id(0) not in said, "an id of a recipient is shown"
            assert len(picture.colors()) > 50, f"{kind} is an empty page"
