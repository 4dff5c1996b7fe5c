"""The database's clock, translated to this process's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.slot_clock import SlotClock

EPOCH = 1_800_000_000.0
# Milliseconds, so that sums of floats can be compared with a small allowance.
LATENCIES = st.lists(st.tuples(st.integers(0, 900), st.integers(0, 900)), min_size=1, max_size=40)


def _learn(clock: SlotClock, *, offset: float, server: float, there: float = 0.0, back: float = 0.0) -> None:
    """One sample of a server whose clock is `offset` behind ours: a statement that took `there` and `back` seconds."""
    read_at = server + offset
    clock.learn(asked=read_at - there, answered=read_at + back, server_epoch=server)


def test_without_a_sample_nothing_can_be_translated():
    with pytest.raises(ValueError, match="empty"):
        SlotClock().local(EPOCH)


def test_one_sample_is_taken_at_its_word():
    clock = SlotClock()

    _learn(clock, offset=-EPOCH, server=EPOCH + 10, back=0.25)

    assert clock.local(EPOCH + 100) == pytest.approx(100.25)


@given(latencies=LATENCIES)
def test_a_slot_is_never_too_early_and_late_by_the_fastest_answer_at_most(latencies):
    clock = SlotClock()

    for second, (there, back) in enumerate(latencies):
        _learn(clock, offset=-EPOCH, server=EPOCH + second, there=there / 1000, back=back / 1000)

    late = clock.local(EPOCH + 500) - 500
    assert late == pytest.approx(min(back for _, back in latencies) / 1000, abs=1e-5)


@pytest.mark.parametrize("step", [3600.0, -3600.0, 5.0, -5.0])
def test_a_server_clock_that_was_set_makes_old_samples_worthless(step):
    clock = SlotClock()
    _learn(clock, offset=-EPOCH, server=EPOCH + 1)

    _learn(clock, offset=-EPOCH - step, server=EPOCH + 2 + step)

    assert clock.local(EPOCH + 10 + step) == pytest.approx(10)


def test_a_slow_answer_is_no_sign_of_a_clock_that_was_set():
    clock = SlotClock()
    _learn(clock, offset=-EPOCH, server=EPOCH + 1, back=0.001)

    _learn(clock, offset=-EPOCH, server=EPOCH + 40, there=30, back=30)

    assert clock.local(EPOCH + 100) == pytest.approx(100.001)


def test_a_fast_answer_is_forgotten_in_the_end_so_that_a_drift_can_be_followed():
    clock = SlotClock()
    _learn(clock, offset=-EPOCH, server=EPOCH)

    for second in range(1, 65):
        _learn(clock, offset=-EPOCH + 0.5, server=EPOCH + second)

    assert clock.local(EPOCH + 100) == pytest.approx(100.5)
