"""Where a file comes from, whether it came before, and what was assumed while it was read."""

import pytest

from database.lists import good_rows, make_file, make_submission, reachable_submission
from domain.errors import NotFoundError
from factories import TIMING, user_id
from tasks.campaigns import cancel_campaign, get_campaign, start_campaign
from tasks.intake import admit, plan_submission
from tasks.submission import find_target


def test_a_file_from_elsewhere_is_known_by_its_address_and_is_needed_only_once(world_18, tmp_path):
    import fsspec

    account = world_18.account()
    world_18.people_write(account, [1])
    store = fsspec.filesystem("memory")
    store.pipe("/lists/may.csv?signature=CANARY", make_file(tmp_path, good_rows([1])).read_bytes())
    template = world_18.template(tmp_path)
    submission = world_18.submission(account, template, file="memory://lists/may.csv?signature=CANARY")

    campaign_id = world_18.take_in(submission, tmp_path)
    store.rm("/lists/may.csv?signature=CANARY")
    admit(world_18.connection, campaign_id, target=find_target(world_18.connection, submission), timing=TIMING)
    start_campaign(world_18.connection, campaign_id, timing=TIMING)

    assert get_campaign(world_18.connection, campaign_id)["file_name"] == "memory://lists/may.csv"
    assert world_18.states(campaign_id) == {"ready": 1}


def test_a_file_that_is_nowhere_is_not_found(world_18, tmp_path):
    submission = world_18.submission(
        world_18.account(), world_18.template(tmp_path), file="memory://nowhere.csv?x=CANARY"
    )

    with pytest.raises(NotFoundError, match=r"There is no file at memory://nowhere\.csv;"):
        world_18.take_in(submission, tmp_path)


def plan_of(world, submission, folder):
    folder.mkdir()
    return plan_submission(world.connection, submission, folder=folder, timing=TIMING)


def test_the_same_file_is_warned_of_however_long_ago_and_for_every_version(world, tmp_path):
    submission = reachable_submission(world, tmp_path, name="may.csv")
    new = plan_of(world, submission, tmp_path / "new")
    first = world.submit(submission, tmp_path)
    world.connection.execute("UPDATE campaign SET created_at = clock() - interval '90 days'")
    world.template(tmp_path, text="Other $(name)!", code=submission.template)

    later = plan_of(world, submission, tmp_path / "later")

    assert (new.same_file, later.earlier) == (None, None)
    assert (later.same_file["campaign_id"], later.same_file["name"]) == (
        first,
        get_campaign(world.connection, first)["name"],
    )


def test_another_file_account_or_template_is_not_the_same_file(world_18, tmp_path):
    submission = reachable_submission(world_18, tmp_path)
    world_18.submit(submission, tmp_path)
    others = [
        make_submission(
            world_18,
            tmp_path,
            good_rows([8]),
            account=find_target(world_18.connection, submission).account,
            name="o.csv",
        ),
        make_submission(world_18, tmp_path, good_rows(range(3)), name="same.csv"),
    ]

    found = [plan_of(world_18, other, tmp_path / f"plan {number}").same_file for number, other in enumerate(others)]

    assert found == [None, None]


def test_a_refused_file_and_one_of_a_cancelled_campaign_are_no_same_file(world_18, tmp_path):
    account = world_18.account()
    template = world_18.template(tmp_path)
    refused = make_submission(world_18, tmp_path, [("12", "x")], account=account, template=template, name="bad.csv")
    world_18.take_in(refused, tmp_path)
    cancelled = reachable_submission(world_18, tmp_path, account=account, template=template, name="good.csv")
    cancel_campaign(world_18.connection, world_18.submit(cancelled, tmp_path))

    found = [
        plan_of(world_18, each, tmp_path / str(place)).same_file for place, each in enumerate((refused, cancelled))
    ]

    assert found == [None, None]


def test_what_was_assumed_is_told_and_kept(world_18, tmp_path):
    submission = make_submission(world_18, tmp_path, [(user_id(1), "Ann"), (None, None), (user_id(2), "Bob")])

    plan = plan_of(world_18, submission, tmp_path / "plan")
    campaign_id = world_18.take_in(submission, tmp_path)

    assert plan.remarks == (
        "The columns are separated by commas.",
        "Blank rows between the others were passed over: 3.",
    )
    assert tuple(get_campaign(world_18.connection, campaign_id)["remarks"]) == plan.remarks
