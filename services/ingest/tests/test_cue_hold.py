"""When a cue is spoken that may come in several revisions."""

import pytest

from motus_ingest.cue_hold import REMEMBERED, STALE_S, Cue, CueHold

NOW = 1000.0


def cue(revision: int = 1, *, name: str = "a", final: bool = False, speak_in_s: float | None = 1.0, **more) -> Cue:
    """A cue made at NOW."""
    return Cue(name, revision, NOW, final, None if speak_in_s is None else NOW + speak_in_s, **more)


def heard(*cues: Cue) -> CueHold:
    """A hold that heard them in this order."""
    hold = CueHold()
    for one in cues:
        hold = hold.hear(one)
    return hold


@pytest.mark.parametrize("one", [cue(final=True), cue(speak_in_s=None)])
def test_what_needs_no_better_words_is_due_at_once(one) -> None:
    """Final words, or no moment to wait for: the athlete hears it now."""
    hold = heard(one)
    assert hold.next_s() == NOW
    due, hold = hold.due(NOW)
    assert due == [one]
    assert hold.next_s() is None


def test_one_with_better_words_to_come_waits_for_its_moment() -> None:
    """The model has until then to word it better."""
    hold = heard(cue())
    assert hold.next_s() == NOW + 1
    assert hold.due(NOW + 0.99)[0] == []
    assert hold.due(NOW + 1)[0] == [cue()]


def test_the_newest_revision_is_spoken_whatever_the_order() -> None:
    """An older one that comes late replaces nothing."""
    assert heard(cue(2), cue(1)).due(NOW + 1)[0] == [cue(2)]
    assert heard(cue(1), cue(2)).due(NOW + 1)[0] == [cue(2)]


def test_a_final_revision_does_not_wait_for_the_moment() -> None:
    """Nothing better can come."""
    final = cue(2, final=True)
    assert heard(cue(1), final).due(NOW)[0] == [final]


def test_each_is_given_once_whatever_comes_behind() -> None:
    """Nobody wants to hear the same in other words."""
    _, hold = heard(cue(1)).due(NOW + 1)
    assert hold.hear(cue(2, final=True)).due(NOW + 2)[0] == []


def test_several_are_given_in_the_order_in_which_they_began() -> None:
    """A better wording costs no place in the line."""
    hold = heard(cue(1, name="a"), cue(1, name="b"), cue(2, name="a", final=True))
    assert [one.name for one in hold.due(NOW + 1)[0]] == ["a", "b"]


def test_one_that_waits_holds_up_no_other() -> None:
    """The line is no queue."""
    hold = heard(cue(name="a", speak_in_s=5), cue(name="b", final=True))
    assert [one.name for one in hold.due(NOW)[0]] == ["b"]


def test_what_has_expired_is_never_spoken() -> None:
    """Nor does it wait any more."""
    due, hold = heard(cue(final=True, expire_s=NOW + 2)).due(NOW + 2.1)
    assert due == []
    assert hold.next_s() is None


def test_what_lies_long_back_is_not_spoken_though_it_never_expires() -> None:
    """A new owner reads the events from their beginning."""
    assert heard(cue(final=True)).due(NOW + STALE_S)[0] != []
    assert heard(cue(final=True)).due(NOW + STALE_S + 0.1)[0] == []


def test_what_it_remembers_has_a_bound() -> None:
    """A session may last for days."""
    hold = CueHold()
    for number in range(REMEMBERED + 10):
        _, hold = hold.hear(cue(name=str(number), final=True)).due(NOW)
    assert len(hold.given) == REMEMBERED
    assert not hold.waiting
