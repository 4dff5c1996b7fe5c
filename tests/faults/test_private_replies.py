"""Private replies under kills: a comment is answered once, whatever dies, and stays taken while nobody knows."""

import pytest
from scene import TOKEN

from domain.errors import NobodyEligibleError
from domain.window import Entitlement, InteractionKind
from tasks.running import open_messenger


@pytest.mark.parametrize(
    ("point", "unknown_for_good"),
    [pytest.param("claimed", 1, id="after T1, before the POST"), pytest.param("responded", 0, id="after the answer")],
)
def test_a_comment_whose_sender_was_killed_is_answered_by_nobody_else(make_scene, tmp_path, point, unknown_for_good):
    scene = make_scene(people=1, comments=True)

    with scene.start_sender(point=point) as sender:
        sender.wait_until_reached()
        sender.kill()
    end = scene.run_until_done()
    with scene.world() as world, pytest.raises(NobodyEligibleError):
        scene.add_campaign(world, tmp_path, private_replies=True, again=True)
    found = scene.evidence()

    assert end.state == "finished"
    assert found.unknown_before_echoes == 1
    assert found.states == ({"unknown": 1} if unknown_for_good else {"sent": 1})
    assert [one.allowed_by for one in found.accepted] == ["private_reply"] * (1 - unknown_for_good)
    assert [row["entitlement_id"] for row in found.attempts.values()] == ["9_0"]


async def test_a_comment_that_somebody_else_has_answered_is_refused_with_a_reason_of_its_own(make_scene):
    scene = make_scene(people=1, comments=True)
    comment = Entitlement("9_0", InteractionKind.COMMENT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WINDOWCAST_TEST_TOKEN", TOKEN)
        async with open_messenger(scene.account, chosen=scene.settings) as messenger:
            await messenger.reply(comment, content={"kind": "text", "text": "From the inbox"}, metadata="by hand")

    end = await scene.run()

    assert end.state == "finished"
    with scene.world() as world:
        assert world.verdicts(scene.campaign_id) == {1: "failed/comment_invalid"}
    assert len(scene.accepted()) == 1
