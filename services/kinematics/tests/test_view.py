"""The view is said when it is known and when it has changed, with what it is good for and what would improve it."""

from dataclasses import replace

import numpy as np
import pytest

from motus_kinematics.core.channels import Grade
from motus_kinematics.core.events import ViewEvent

SIDE, FRONT = 0.0, -90.0


def views(played):
    """What was said of the view."""
    return [event for event in played.events if isinstance(event, ViewEvent)]


def test_a_view_is_said_once(lab):
    """However long it lasts, nothing is said twice."""
    (said,) = views(lab.play(lab.film(lab.regular(2), 8.0, noise_m=0.004), "squat"))

    assert not said.changed
    assert said.rate_hz == pytest.approx(30.0, rel=0.1)


@pytest.mark.parametrize(("facing_deg", "azimuth_deg"), [(SIDE, -90.0), (180.0, 90.0), (FRONT, 0.0), (-45.0, -45.0)])
def test_the_camera_stands_where_the_figure_does_not_face(lab, facing_deg, azimuth_deg):
    """Azimuth is 0 in front of the athlete, 90 at their left."""
    (said,) = views(lab.play(lab.film((), 4.0, view=lab.View(facing_deg))))

    assert said.azimuth_deg == pytest.approx(azimuth_deg, abs=3.0)


def test_from_the_front_valgus_is_gradable_and_the_hint_is_to_turn(lab):
    """Frontal measures are worth something, sagittal ones less, and turning would improve most."""
    (said,) = views(lab.play(lab.film((), 4.0, view=lab.View(FRONT), noise_m=0.004)))

    assert said.grades["knee_valgus_left_deg"] <= Grade.MEDIUM
    assert said.grades["trunk_lean_lateral_deg"] < said.grades["trunk_lean_deg"]
    assert said.hint == "turn_side"


def test_from_the_side_valgus_is_not_gradable_and_nothing_is_to_be_improved(lab):
    """A side view is what sagittal measures want."""
    (said,) = views(lab.play(lab.film((), 4.0, noise_m=0.004)))

    assert said.grades["knee_valgus_left_deg"] is Grade.NONE
    assert said.grades["trunk_lean_deg"] is Grade.HIGH
    assert said.hint == ""


def test_feet_out_of_the_picture_are_the_first_thing_to_mend(lab):
    """What the camera does not see is lost, whatever else could be better."""
    frames = [replace(f, image=np.add(f.image, (0.0, 0.2, 0.0))) for f in lab.film((), 4.0, view=lab.View(FRONT))]

    (said,) = views(lab.play(frames))

    assert said.cut == (False, False, True)
    assert said.hint == "feet_cut"
    assert "feet" in said.text


def test_a_turn_is_said_when_it_lasts_and_a_glance_is_not(lab):
    """Half a second from another side is no other view; staying there is."""
    side = list(lab.film((), 4.0))
    glance = list(lab.film((), 0.5, view=lab.View(FRONT)))
    front = list(lab.film((), 9.0, view=lab.View(FRONT)))

    def timed(frames):
        return [lab.retimed(frame, i / 30) for i, frame in enumerate(frames)]

    assert len(views(lab.play(timed(side + glance + side)))) == 1
    first, second = views(lab.play(timed(side + front)))
    assert (first.changed, second.changed) == (False, True)
    assert abs(second.azimuth_deg) < 20.0
