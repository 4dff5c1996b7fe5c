"""F38: random sequences of everything that can happen, on a real Postgres and on a small model, which must agree."""

import os
import uuid

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test
from twice import OUTCOMES, PEOPLE, Twice

from domain.window import InteractionKind
from factories import TIMING, user_id
from tasks.accounts import pause_account, resume_account
from tasks.campaigns import close_campaign, resume_campaign, start_campaign
from tasks.database import broken_promises
from tasks.suppressions import add_suppressions

EXAMPLES = int(os.environ.get("WINDOWCAST_MODEL_EXAMPLES") or 20)
STEPS = int(os.environ.get("WINDOWCAST_MODEL_STEPS") or 25)
SEVERAL = st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=6, unique=True)


class Sending(Twice):
    """What may happen, in whatever order, and what must hold after each step."""

    def teardown(self) -> None:
        try:
            self._bring_to_an_end()
        finally:
            self._door.__exit__(None, None, None)

    @rule(
        people=SEVERAL, hours_ago=st.sampled_from([0, 1, 22, 23.9, 30]), is_opener=st.sampled_from([True, True, False])
    )
    def people_act(self, people, hours_ago, is_opener):
        self._step()
        self._act(people, hours_ago, kind=InteractionKind.MESSAGE if is_opener else InteractionKind.COMMENT)

    @precondition(lambda self: len(self.model.opted_out) < 3)
    @rule(person=st.sampled_from(PEOPLE))
    def person_opts_out(self, person):
        self._step()
        add_suppressions(self.connection, self.account, user_ids=[user_id(person)], source="test")
        self.model.opt_out(person)

    @rule(seconds=st.sampled_from([5, 40, 700, 3_600, 43_200]))
    def time_goes_by(self, seconds):
        self._step(seconds)

    @precondition(lambda self: len(self.model.campaigns) < 4)
    @rule(people=SEVERAL, is_started=st.booleans())
    def upload(self, people, is_started):
        key, campaign = self._upload(people)
        if is_started and campaign.state == "scheduled" and not self.model.is_account_paused:
            self._start(key, campaign)

    @rule(
        data=st.data(), deed=st.sampled_from(["start", "close", "pause", "resume", "pause all", "resume all", "cancel"])
    )
    def person_at_the_controls(self, data, deed):
        self._step()
        match deed:
            case "pause all":
                pause_account(self.connection, self.account, why="test")
                self.model.pause_account()
            case "resume all":
                resume_account(self.connection, self.account)
                self.model.resume_account()
            case _:
                self._control(data, deed)

    @rule(data=st.data(), names=st.lists(st.sampled_from(["accepted", "unknown, taken", "not sent"]), min_size=1))
    def send_well(self, data, names):
        self._send_some(data, names)

    @rule(data=st.data(), names=st.lists(st.sampled_from(sorted(OUTCOMES)), min_size=1, max_size=6))
    def send_badly(self, data, names):
        self._send_some(data, names)

    @rule(data=st.data(), is_taken=st.booleans())
    def sender_crashes(self, data, is_taken):
        key, campaign = self._pick(data, lambda one: bool(self.model.turns(one)))
        if campaign:
            self._step()
            person = data.draw(st.sampled_from(self.model.turns(campaign) or [None]))
            if person is not None:
                self._crash(key, campaign, person, is_taken=is_taken)

    @rule(data=st.data(), is_definite=st.booleans())
    def outcome_comes_late(self, data, is_definite):
        """A sender that was frozen after its claim wakes up and records what it knows."""
        keys = [key for key, one in self.model.attempts.items() if one.outcome in (None, "unknown")]
        if keys:
            self._step()
            key = data.draw(st.sampled_from(keys))
            self._record_late(key, is_definite=is_definite)

    @rule(data=st.data())
    def echo_comes(self, data):
        keys = [key for key, one in self.model.attempts.items() if one.is_taken]
        if keys:
            self._step()
            self._echo(data.draw(st.sampled_from(keys)))

    @invariant()
    def our_tables_are_the_models(self):
        rows = self.connection.execute(
            "SELECT c.campaign_id, c.state, m.user_id, m.state AS message_state "
            "FROM campaign AS c LEFT JOIN message_list AS m USING (campaign_id)"
        ).fetchall()
        found = {(str(row["campaign_id"]), row["user_id"]): (row["state"], row["message_state"]) for row in rows}
        expected = {
            (key, user_id(person)): (campaign.state, message.state)
            for key, campaign in self.model.campaigns.items()
            for person, message in campaign.messages.items()
        }
        assert found == expected

    @invariant()
    def every_promise_holds(self):
        # P9 is of those who look after campaigns: see the end of each example.
        assert set(broken_promises(self.connection)) <= {"p09_nothing_is_stuck"}

    @invariant()
    def nobody_was_posted_to_twice_and_only_what_was_taken_is_sent(self):
        taken = [(id(one.campaign), one.person) for one in self.model.attempts.values() if one.is_taken]
        assert len(taken) == len(set(taken))
        assert len(self.posted) == len(set(self.posted))

    def _bring_to_an_end(self):
        """Two days later and with nothing in the way, whoever looks after campaigns leaves nothing open."""
        self._step(172_800)
        resume_account(self.connection, self.account)
        self.model.resume_account()
        for key, campaign in self.model.campaigns.items():
            if campaign.state == "paused":
                resume_campaign(self.connection, uuid.UUID(key))
                campaign.state = "sending" if campaign.has_started else "scheduled"
            if campaign.state == "scheduled":
                start_campaign(self.connection, uuid.UUID(key), timing=TIMING)
                self.model.start(campaign)
            if campaign.state == "sending":
                assert self._share(key, []) == []
                self.model.keep_up(campaign)
            close_campaign(self.connection, uuid.UUID(key))
            self.model.close(campaign)
        self.our_tables_are_the_models()
        # In a campaign that is over nothing is rescued unless another one is sending: the next share does it.
        assert broken_promises(self.connection) == {}


def test_f38_our_tables_and_a_small_model_agree_whatever_happens_in_whatever_order(database_18, tmp_path):
    Sending.url, Sending.folder = database_18, tmp_path
    chosen = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=EXAMPLES <= 100,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )

    run_state_machine_as_test(Sending, settings=chosen)
