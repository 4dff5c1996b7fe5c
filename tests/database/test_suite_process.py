"""The process that runs the suite: started early, used again, and replaced or reported when it ends."""

import pytest

from database.lists import good_rows, make_submission
from domain.states import MessageState
from tasks import suite
from tasks.campaigns import count_messages, get_campaign
from tasks.intake import check_list, take_list
from tasks.judging import make_messages
from tasks.submission import find_target
from validations.suite_process import SuiteProcess

NO_SERVER = "postgresql://nobody@127.0.0.1:1/none"


@pytest.fixture
def staged(world_18, tmp_path):
    """A list that is staged and checked by SQL, and what makes its messages with the suite of a database."""
    submission = make_submission(world_18, tmp_path, good_rows([1, 2]))
    target = find_target(world_18.connection, submission)
    (tmp_path / "reading").mkdir()
    campaign_id, given = take_list(world_18.connection, submission, target=target, folder=tmp_path / "reading")
    can_judge = check_list(world_18.connection, campaign_id, target=target, given=given)

    def make(url):
        return make_messages(
            world_18.connection, campaign_id, target=target, given=given, can_judge=can_judge, suite_url=url
        )

    return campaign_id, make


def test_a_process_that_died_while_it_waited_is_replaced(world_18, database_18, staged):
    campaign_id, make = staged
    suite.prepare_suite()
    (waiting,) = suite._waiting
    waiting.close()

    assert make(database_18) == "validated"

    assert count_messages(world_18.connection, [campaign_id])[campaign_id].by_state[MessageState.READY] == 2
    (now_waiting,) = suite._waiting
    assert now_waiting is not waiting
    assert now_waiting.is_alive


def test_a_suite_that_cannot_run_keeps_nothing_and_says_why(world_18, database_18, staged):
    campaign_id, make = staged

    with pytest.raises(RuntimeError, match="The suite of the list did not run"):
        make(NO_SERVER)

    assert get_campaign(world_18.connection, campaign_id)["state"] == "draft"
    assert world_18.row_counts()["message_list"] == 0
    # The list is still staged, so that the submit may be repeated.
    assert make(database_18) == "validated"


def test_a_process_that_is_killed_before_its_answer_is_reported():
    process = SuiteProcess()
    process._child.kill()

    with pytest.raises(RuntimeError, match="ended with the exit code -9"):
        process.finish()

    assert not process.is_alive
    process.close()
