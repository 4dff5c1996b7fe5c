"""F8: senders, a database, a network and a platform that all fail at random; see soak.py, which runs for longer."""

import random

from soak import Havoc, new_seed, scene_fields, wreak


def test_f8_nothing_is_sent_twice_or_late_or_lost_whatever_fails_and_whenever(make_scene, private_servers):
    rng, havoc = random.Random(new_seed()), Havoc(seconds=8, senders=3)
    scene = make_scene(**scene_fields(havoc, rng))

    found = wreak(havoc, scene, private_servers("18"), rng=rng)

    assert found.states["sent"] > havoc.people / 10
