"""What an accepted message makes the sandbox tell: echo, delivery and read."""

from domain.template import Channel
from sandbox_queue import PAGE, PERSON, events_after_sending


def test_an_accepted_messenger_message_is_echoed_delivered_and_read():
    message_id, (echo, delivery, read) = events_after_sending(Channel.MESSENGER, PERSON, read_share=1.0)

    assert (echo["sender"]["id"], echo["recipient"]["id"]) == (PAGE, PERSON)
    assert echo["message"] == {
        "is_echo": True,
        "mid": f"m_{message_id}",
        "app_id": 1517776481860111,
        "metadata": "attempt-1",
        "text": "Hi",
    }
    assert delivery["delivery"]["mids"] == [f"m_{message_id}"]
    assert delivery["delivery"]["watermark"] > echo["timestamp"]
    assert read["read"]["watermark"] >= echo["timestamp"]


def test_an_accepted_instagram_message_has_no_delivery_is_read_by_mid_and_echoes_no_metadata():
    message_id, (echo, read) = events_after_sending(Channel.INSTAGRAM, PERSON, read_share=1.0)

    assert echo["message"] == {"is_echo": True, "mid": message_id, "text": "Hi"}
    assert read["read"] == {"mid": message_id}


def test_instagram_echoes_carry_metadata_if_so_set():
    _, (echo,) = events_after_sending(Channel.INSTAGRAM, PERSON, read_share=0.0, instagram_metadata=True)

    assert echo["message"]["metadata"] == "attempt-1"


def test_echo_and_delivery_can_be_switched_off():
    _, events = events_after_sending(Channel.MESSENGER, PERSON, echo=False, delivery=False, read_share=0.0)

    assert events == []


def test_about_the_set_share_of_people_read_and_always_the_same_ones():
    people = [str(25381719828140000 + number) for number in range(60)]

    def readers():
        return [len(events_after_sending(Channel.MESSENGER, person, read_share=0.5)[1]) == 3 for person in people]

    first = readers()
    assert first == readers()
    assert 15 < sum(first) < 45
