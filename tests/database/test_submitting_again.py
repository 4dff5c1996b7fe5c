"""One submission makes one campaign, and one list is sent once: repeats, races, and submits that died on the way."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest

from clients.postgres import connect
from database.lists import (
    BAD_LIST_PROBLEMS,
    BAD_LIST_VERDICTS,
    bad_list,
    good_rows,
    make_submission,
    problems_of,
    reachable_submission,
)
from domain.errors import (
    AlreadySubmittedError,
    InputRefusedError,
    UsageError,
)
from factories import TIMING
from tasks.campaigns import cancel_campaign, get_campaign, start_campaign
from tasks.database import broken_promises
from tasks.intake import check_list, find_progress, take_list
from tasks.judging import make_messages
from tasks.staging import find_row_problems, stage_list
from tasks.submission import check_times, find_target
from tasks.windows import read_clock


def test_two_submits_with_one_submission_id_make_one_campaign(world_18, tmp_path):
    submission = make_submission(world_18, tmp_path, good_rows(range(3)))

    first = world_18.take_in(submission, tmp_path)
    second = world_18.take_in(submission, tmp_path)

    assert second == first
    assert world_18.row_counts()["campaign"] == 1
    assert world_18.states(first) == {"ready": 3}
    assert broken_promises(world_18.connection) == {}


def test_two_submits_with_one_submission_id_at_the_same_moment_make_one_campaign(world, database, tmp_path):
    submission = make_submission(world, tmp_path, bad_list("csv"), accepts_valid=True)
    together, ended = threading.Barrier(2), []

    def submit():
        try:
            with connect(database) as connection:
                together.wait(10)
                ended.append(world.take_in(submission, tmp_path, connection=connection))
        except Exception as error:  # noqa: BLE001 - the test looks at whatever it was
            ended.append(error)

    threads = [threading.Thread(target=submit) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert ended[0] == ended[1]
    assert world.row_counts()["campaign"] == 1
    assert world.verdicts(ended[0]) == BAD_LIST_VERDICTS | {3: "ready", 9: "ready"}
    assert len(problems_of(world, ended[0])) == len(BAD_LIST_PROBLEMS)
    assert broken_promises(world.connection) == {}


def test_a_second_run_of_a_submission_takes_nothing_from_the_first_ones_judgement(world, tmp_path):
    submission = make_submission(world, tmp_path, bad_list("csv"), accepts_valid=True)
    target = find_target(world.connection, submission)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    campaign_id, given = take_list(world.connection, submission, target=target, folder=tmp_path / "a")
    can_judge = check_list(world.connection, campaign_id, target=target, given=given)
    _, given_again = take_list(world.connection, submission, target=target, folder=tmp_path / "b")

    judged_again = check_list(world.connection, campaign_id, target=target, given=given_again)
    state = make_messages(world.connection, campaign_id, target=target, given=given, can_judge=can_judge)
    late = check_list(world.connection, campaign_id, target=target, given=given_again)
    same = make_messages(
        world.connection, campaign_id, target=target, given=given_again, can_judge=judged_again or late
    )

    assert state == same == "validated"
    assert world.verdicts(campaign_id) == BAD_LIST_VERDICTS | {3: "ready", 9: "ready"}
    assert len(problems_of(world, campaign_id)) == len(BAD_LIST_PROBLEMS)


def test_a_campaign_cancelled_while_its_list_is_read_gets_no_ready_message(world, tmp_path):
    submission = make_submission(world, tmp_path, good_rows(range(3)))
    target = find_target(world.connection, submission)
    campaign_id, given = take_list(world.connection, submission, target=target, folder=tmp_path)
    can_judge = check_list(world.connection, campaign_id, target=target, given=given)

    cancel_campaign(world.connection, campaign_id)
    state = make_messages(world.connection, campaign_id, target=target, given=given, can_judge=can_judge)

    assert state == "cancelled"
    assert world.states(campaign_id) == {}
    assert broken_promises(world.connection) == {}


def test_the_same_list_is_refused_for_24_hours_unless_it_is_meant_again(world, tmp_path):
    first = reachable_submission(world, tmp_path)
    fields = {**first.__dict__, "submission_id": uuid4()}
    first_id = world.submit(first, tmp_path)

    with pytest.raises(AlreadySubmittedError) as caught:
        world.take_in(type(first)(**fields), tmp_path)

    assert str(first_id) in str(caught.value)
    assert get_campaign(world.connection, first_id)["name"] in str(caught.value)
    assert world.row_counts()["campaign"] == 1
    again = world.take_in(type(first)(**{**fields, "again": True}), tmp_path)
    assert again != first_id
    timed = {**fields, "submission_id": uuid4(), "scheduled_at": read_clock(world.connection) + timedelta(hours=1)}
    assert world.take_in(type(first)(**timed), tmp_path) not in (first_id, again)
    world.put_clock_ahead(hours=24, seconds=5)
    assert world.take_in(type(first)(**{**fields, "submission_id": uuid4()}), tmp_path) not in (first_id, again)


def test_a_refused_campaign_and_one_cancelled_before_sending_do_not_count_as_earlier(world, tmp_path):
    account, template = world.account(), world.template(tmp_path)
    world.people_write(account, [1])

    def submission(**fields):
        return make_submission(
            world, tmp_path, [*good_rows([1]), ("12-ab", "x")], account=account, template=template, **fields
        )

    refused = world.take_in(submission(), tmp_path)
    cancelled = world.submit(submission(accepts_valid=True), tmp_path)
    start_campaign(world.connection, cancelled, timing=TIMING)
    cancel_campaign(world.connection, cancelled)
    sent = world.submit(submission(accepts_valid=True), tmp_path)
    start_campaign(world.connection, sent, timing=TIMING)
    world.claim(sent, 1)
    cancel_campaign(world.connection, sent)

    assert [world.state(one) for one in (refused, cancelled, sent)] == ["refused", "cancelled", "cancelled"]
    # Of the last one a message was under way when it was cancelled: it does count.
    with pytest.raises(AlreadySubmittedError, match=str(sent)):
        world.take_in(submission(accepts_valid=True), tmp_path)


def test_a_draft_whose_submit_has_died_does_not_bar_its_list_for_long(world_18, tmp_path):
    first = reachable_submission(world_18, tmp_path)
    target = find_target(world_18.connection, first)
    take_list(world_18.connection, first, target=target, folder=tmp_path)
    second = type(first)(**{**first.__dict__, "submission_id": uuid4()})

    with pytest.raises(AlreadySubmittedError):
        world_18.take_in(second, tmp_path)
    world_18.put_clock_ahead(minutes=10, seconds=5)

    assert world_18.state(world_18.take_in(second, tmp_path)) == "validated"


def test_a_send_time_that_passed_on_the_way_is_meant_and_an_older_one_is_not(world_18, tmp_path):
    now = read_clock(world_18.connection)
    just_passed = reachable_submission(world_18, tmp_path, scheduled_at=now - timedelta(seconds=60))
    long_past = type(just_passed)(
        **{**just_passed.__dict__, "submission_id": uuid4(), "scheduled_at": now - timedelta(seconds=180)}
    )

    campaign_id = world_18.submit(just_passed, tmp_path)
    with pytest.raises(UsageError, match="in the past"):
        world_18.take_in(long_past, tmp_path)
    with pytest.raises(UsageError, match="in the past"):
        check_times(world_18.connection, just_passed)

    assert start_campaign(world_18.connection, campaign_id, timing=TIMING)


@pytest.mark.parametrize("died_after", ["the draft", "staging", "judging"])
def test_a_submit_that_died_goes_on_when_it_is_repeated(world_18, tmp_path, died_after):
    submission = reachable_submission(world_18, tmp_path, numbers=range(3))
    target = find_target(world_18.connection, submission)
    (tmp_path / "dead").mkdir()
    campaign_id, given = take_list(world_18.connection, submission, target=target, folder=tmp_path / "dead")
    if died_after != "the draft":
        stage_list(world_18.connection, campaign_id, target=target, given=given)
    if died_after == "judging":
        find_row_problems(world_18.connection, campaign_id, template=target.template)
    assert find_progress(world_18.connection, submission) == (campaign_id, "draft")

    repeated = world_18.submit(submission, tmp_path)

    assert repeated == campaign_id
    assert find_progress(world_18.connection, submission) == (campaign_id, "scheduled")
    assert world_18.verdicts(campaign_id) == {2: "ready", 3: "ready", 4: "ready"}
    assert world_18.row_counts()["staged_row"] == 0
    assert broken_promises(world_18.connection) == {}


def test_a_lost_row_ends_the_transaction_and_nothing_is_kept(world, tmp_path):
    submission = reachable_submission(world, tmp_path, numbers=range(3))
    target = find_target(world.connection, submission)
    (tmp_path / "first").mkdir()
    campaign_id, given = take_list(world.connection, submission, target=target, folder=tmp_path / "first")
    check_list(world.connection, campaign_id, target=target, given=given)
    world.connection.execute("DELETE FROM staged_row WHERE row_number = 3")

    with pytest.raises(InputRefusedError, match="3 rows, but 2 messages"):
        make_messages(world.connection, campaign_id, target=target, given=given, can_judge=True)

    counts = world.row_counts()
    assert (counts["message_list"], counts["upload"], world.state(campaign_id)) == (0, 0, "draft")
    assert world.take_in(submission, tmp_path) == campaign_id
    assert world.states(campaign_id) == {"ready": 3}
