"""F8: three senders, a database and a platform that all fail at random, again and again."""

import os
import random
import time
from contextlib import ExitStack

SECONDS = float(os.environ.get("WINDOWCAST_SOAK_SECONDS") or 12)
PER_SECOND = 30
PEOPLE = max(300, int(SECONDS * PER_SECOND * 0.7))  # so many that a longer soak has work to its end
SENDERS = 3
LONGEST_FREEZE_SECONDS = 4.0

FAULTS = [
    ("sent_but_dropped", {"every": 11}),
    ("dropped", {"every": 17}),
    ("sent_but_error", {"every": 19}),
    ({"kind": "perform_then_hang", "seconds": 2}, {"every": 23}),
    ("unknown_error", {"every": 29}),
    ({"kind": "garbage", "form": "html"}, {"every": 31}),
    ("sent_late", {"every": 37}),
    ("person_blocked", {"every": 41}),
    ({"preset": "throttled", "seconds": 1}, {"after": 60, "count": 1}),
]


class Havoc:
    """Keeps senders of a scene at work and lets something happen to one of them, or to Postgres, again and again."""

    def __init__(self, scene, server, *, rng, stack) -> None:
        self._scene = scene
        self._server = server
        self._rng = rng
        self._stack = stack
        self._senders = [self._new_sender() for _ in range(SENDERS)]
        self._thaw_at = {}
        self.happened = []

    def go_on(self) -> None:
        """Let the next thing happen, and replace who died of the last one."""
        self._thaw_those_whose_time_has_come()
        act = self._rng.choices([self._kill, self._freeze, self._restart, self._carry], weights=[3, 4, 1, 6])[0]
        act()
        self.happened.append(act.__name__.strip("_"))
        self._senders = [sender if sender.is_running else self._new_sender() for sender in self._senders]

    def calm_down(self) -> None:
        """Thaw everybody and wait until all have ended."""
        for sender in self._senders:
            sender.thaw()
        for sender in self._senders:
            sender.wait()

    def _new_sender(self):
        return self._stack.enter_context(self._scene.start_sender())

    def _kill(self) -> None:
        self._rng.choice(self._senders).kill()

    def _freeze(self) -> None:
        sender = self._rng.choice(self._senders)
        sender.freeze()
        self._thaw_at[sender] = time.monotonic() + self._rng.uniform(0.1, LONGEST_FREEZE_SECONDS)

    def _restart(self) -> None:
        self._server.restart_hard()

    def _carry(self) -> None:
        self._scene.carry_webhooks()

    def _thaw_those_whose_time_has_come(self) -> None:
        for sender, moment in list(self._thaw_at.items()):
            if time.monotonic() >= moment:
                del self._thaw_at[sender]
                sender.thaw()


def test_f8_nothing_is_sent_twice_or_late_or_lost_whatever_fails_and_whenever(make_scene, private_servers):
    seed = int(os.environ.get("WINDOWCAST_SOAK_SEED") or time.time_ns() % 1_000_000)
    print(f"WINDOWCAST_SOAK_SEED={seed}")
    rng = random.Random(seed)
    # Every second window closes while the campaign runs.
    hours = {n: 24 - rng.uniform(9, 9 + SECONDS) / 3600 if n % 2 else 1.0 for n in range(PEOPLE)}
    scene = make_scene(people=PEOPLE, per_second=PER_SECOND, in_flight=20, hours_ago=hours.get)
    for fault, rule in FAULTS:
        scene.add_fault(fault, **rule)

    with ExitStack() as stack:
        havoc = Havoc(scene, private_servers("18"), rng=rng, stack=stack)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            time.sleep(rng.uniform(0.05, 0.6))
            havoc.go_on()
        havoc.calm_down()
    scene.sandbox.clear_faults()
    scene.run_until_done()
    found = scene.evidence()

    print(f"{havoc.happened} {found.unknown_before_echoes} unknown before the last echoes {found.states}")
    assert set(found.states) <= {"sent", "unknown", "failed", "expired", "ineligible"}
    assert found.states["sent"] > PEOPLE / 4
