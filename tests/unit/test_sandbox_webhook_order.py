"""What happens to webhook bodies on their way: held, reordered, lost, doubled, late, told again; and its record."""

import pytest

from sandbox.errors import ControlError
from sandbox.webhook_queue import WebhookQueue, WebhookSettings
from sandbox_queue import bodies_of, fill, is_rightly_signed, published, queue_of


def test_held_bodies_are_published_when_released_and_holding_goes_on():
    queue = queue_of(batch_size=2, hold=True)
    fill(queue, 4)
    while_held = published(queue)

    released = queue.release(now_ms=1)
    fill(queue, 2, first=4)

    assert (while_held, released) == ([], 2)
    assert published(queue) == [[0, 1], [2, 3]]


def test_reordered_events_are_all_there_in_another_order():
    queue = queue_of(batch_size=3, reorder=True)
    fill(queue, 12)

    numbers = [number for body in published(queue) for number in body]

    assert numbers != list(range(12))
    assert sorted(numbers) == list(range(12))


def test_each_nth_body_is_dropped_doubled_or_badly_signed():
    queue = queue_of(batch_size=1, drop=3, duplicate=2, bad_signature=5)
    fill(queue, 5)

    bodies = published(queue)

    assert bodies == [[0], [1], [1], [3], [3], [4]]
    assert queue.dropped_count == 1
    right = [is_rightly_signed(body) for body in bodies_of(queue)]
    assert right == [True, True, True, True, True, False]


def test_late_bodies_come_when_their_hour_has_come_on_the_clock_they_are_published_by():
    queue = queue_of(batch_size=1, late=2, late_seconds=86_400)
    fill(queue, 4)
    soon = published(queue)

    assert soon == [[0], [2]]
    assert published(queue, now_ms=86_400_000) == [[0], [2]]
    assert published(queue, now_ms=86_400_001) == [[0], [2], [1], [3]]


def test_a_doubled_body_that_is_late_is_late_twice():
    queue = queue_of(batch_size=1, late=1, late_seconds=1, duplicate=1)
    fill(queue, 1)

    assert published(queue) == []
    assert published(queue, now_ms=1001) == [[0], [0]]


def test_a_replay_is_the_same_bytes_under_a_new_number():
    queue = queue_of(batch_size=1)
    fill(queue, 3)
    published(queue)

    numbers = queue.replay([2, 2], now_ms=5)

    assert numbers == [4, 5]
    assert queue.body(4) == queue.body(5) == queue.body(2)
    assert queue.body(4).headers == queue.body(2).headers


@pytest.mark.parametrize("number", [0, 4, -1, "1", True, None])
def test_what_was_never_published_cannot_be_replayed(number):
    queue = queue_of(batch_size=1)
    fill(queue, 3)
    published(queue)

    with pytest.raises(ControlError, match="from 1 to 3"):
        queue.replay([number], now_ms=5)


def test_held_bodies_are_released_a_few_at_a_time():
    queue = queue_of(batch_size=1, hold=True)
    fill(queue, 4)

    released = [queue.release(now_ms=1, count=1), queue.release(now_ms=1, count=2), queue.release(now_ms=1)]

    assert released == [1, 2, 1]
    assert published(queue) == [[0], [1], [2], [3]]


def test_one_seed_gives_one_order_and_another_seed_another():
    def order(seed):
        queue = WebhookQueue()
        queue.use(WebhookSettings(reorder=True, batch_size=3, seed=seed), now_ms=0)
        fill(queue, 30)
        return published(queue)

    assert order(7) == order(7)
    assert order(7) != order(8)


def test_the_log_says_of_each_event_in_which_bodies_it_was_told_and_which_were_lost():
    queue = queue_of(batch_size=2, duplicate=2, drop=3, bad_signature=4)
    fill(queue, 8)
    published(queue)
    queue.replay([1], now_ms=9)

    lines = queue.told.after(0, 100)

    seen = [(line.event, line.body, line.signing, line.is_repeat) for line in lines]
    right, wrong = "right", "wrong"
    # The fourth body is doubled as well: each second one is.
    assert seen == [
        (5, None, right, False),
        (6, None, right, False),
        (1, 1, right, False),
        (2, 1, right, False),
        (3, 2, right, False),
        (4, 2, right, False),
        (3, 3, right, True),
        (4, 3, right, True),
        (7, 4, wrong, False),
        (8, 4, wrong, False),
        (7, 5, wrong, True),
        (8, 5, wrong, True),
        (1, 6, right, True),
        (2, 6, right, True),
    ]
    assert [line.number for line in lines] == list(range(1, 15))
    assert queue.told.after(12, 1) == lines[12:13]
    assert queue.told.after(5, 4) == lines[5:9]
    assert queue.told.after(14, 4) == []


def test_what_is_held_is_not_told():
    queue = queue_of(hold=True)
    fill(queue, 2)
    queue.publish(now_ms=1)
    while_held = queue.told.after(0, 10)
    queue.release(now_ms=1_000)

    assert while_held == []
    assert [(line.at_ms, line.told_ms) for line in queue.told.after(0, 10)] == [(0, 1_000), (1, 1_000)]
