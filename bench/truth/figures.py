"""From judged sets to figures: every one that a gate holds, and some that are only reported. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from motus_kinematics.core.channels import Grade
from motus_samples.synthetic import VIEWS
from truth.athletes import IDLE, SetScore
from truth.channels import Errors, merge
from truth.phase_errors import PREFIX
from truth.reps import root_mean, spread
from truth.sums import Sums

WORKS_DEG = 15.0
"""A channel that truly moves by less does not take part in a movement; its error there says little."""
BASE_REPS = 2
"""A change of the range of motion is one against the mean of so many first repetitions (biomech 5)."""
JOINTS = (
    "knee_flexion",
    "hip_flexion",
    "elbow_flexion",
    "shoulder_elevation",
    "ankle_dorsiflexion",
    "trunk_lean",
    "trunk_rotation",
)
"""Angles with a figure of their own for each view."""
NEAR = ("near", "")
GRADES = (Grade.HIGH, Grade.MEDIUM, Grade.LOW)


def working(scores: Iterable[SetScore]) -> Errors:
    """The errors of all measures over the sets in which each takes part, put together."""
    return merge({key: added for key, added in score.errors.items() if works(score, key[0])} for score in scores)


def works(score: SetScore, measure: str) -> bool:
    """Whether a measure takes part in a set's movement; what is not an angle always does."""
    angle = measure.removesuffix("_s").replace("_velocity", "")
    return not angle.endswith("_deg") or score.ranges.get(angle, WORKS_DEG) >= WORKS_DEG


def pooled(errors: Errors, measure: str, roles: Sequence[str] = NEAR) -> Sums:
    """The errors of a measure on some sides, of all grades."""
    return sum((added for (name, role, _), added in errors.items() if name == measure and role in roles), Sums())


def phase_coverage(scores: Iterable[SetScore], grade: Grade) -> float:
    """Share of phases' measures whose truth lies within their stated 80 % interval, of one grade."""
    return _covered(scores, grade, lambda score, name: name.startswith(PREFIX))


def coverage(scores: Iterable[SetScore], grade: Grade) -> float:
    """Share of moments at which an angle's truth lies within its stated 80 % interval, of one grade."""
    return _covered(scores, grade, lambda score, name: name in score.ranges and name.endswith("_deg"))


def _covered(scores: Iterable[SetScore], grade: Grade, counts: Callable[[SetScore, str], bool]) -> float:
    """The same of the measures that count."""
    parts = (
        added
        for score in scores
        for (name, _, its_grade), added in score.errors.items()
        if its_grade == grade and counts(score, name)
    )
    return sum(parts, Sums()).coverage


def figures(scores: Sequence[SetScore]) -> dict[str, float]:
    """All figures of one noise profile, NaN where nothing speaks for one."""
    lateral = seen(scores, "lateral")
    return (
        angles(scores)
        | {"rom_change_mae_deg": rom_change(scores)}
        | {"squat_velocity_rmse_deg_s": squat_velocity(lateral)}
        | {"squat_velocity_all_views_rmse_deg_s": squat_velocity(scores)}
        | peak_spreads(lateral)
        | counting(scores)
        | idling(scores)
        | {"class_macro_f1": macro_f1(scores), "class_right_share": class_right(scores)}
        | phases(scores)
        | steps(scores)
        | {f"{manner}_right_share": manner_right(scores, manner) for manner in ("explosive", "shaky")}
        | {f"coverage_{grade.name.lower()}": coverage(scores, grade) for grade in GRADES}
        | {f"phase_coverage_{grade.name.lower()}": phase_coverage(scores, grade) for grade in GRADES}
    )


def angles(scores: Sequence[SetScore]) -> dict[str, float]:
    """Errors of the joints in each view, on the near side; and how much was stated at all from the side."""
    by_view = {view: working(seen(scores, view)) for view in VIEWS}
    every = merge(by_view.values())
    flat = {
        f"{joint}_{view}_mae_deg": pooled(errors, f"{joint}_deg").mae
        for joint in JOINTS
        for view, errors in (*by_view.items(), ("all_views", every))
    }
    shares = {f"{joint}_lateral_stated_share": pooled(by_view["lateral"], f"{joint}_deg").stated for joint in JOINTS}
    return flat | shares


def seen(scores: Iterable[SetScore], view: str) -> list[SetScore]:
    """Those of one view."""
    return [score for score in scores if score.case.view == view]


def squat_velocity(scores: Iterable[SetScore]) -> float:
    """RMSE of knee and hip velocity in squats."""
    errors = working(score for score in scores if score.exercise == "squat")
    return sum((pooled(errors, f"{joint}_flexion_velocity_deg_s") for joint in ("knee", "hip")), Sums()).rmse


def rom_change(scores: Iterable[SetScore]) -> float:
    """Mean absolute error of the change of the range of motion against the set's first repetitions."""
    errors = list[float]()
    for score in scores:
        ranges = np.array([rep.range_deg for rep in score.reps if rep.range_deg is not None]).reshape(-1, 2)
        changes = ranges[BASE_REPS:] - ranges[:BASE_REPS].mean(axis=0) if len(ranges) > BASE_REPS else ranges[:0]
        errors += np.abs(changes[:, 0] - changes[:, 1]).tolist()
    return float(np.mean(errors)) if errors else np.nan


def peak_spreads(scores: Iterable[SetScore]) -> dict[str, float]:
    """Standard deviation, within a set, of stated minus true peaks of knee and hip where they take part."""
    spreads: dict[str, list[float]] = {"knee": [], "hip": []}
    for score in scores:
        for joint, variances in spreads.items():
            names = {name for rep in score.reps for name in rep.peaks_deg if joint in name}
            if works(score, f"{joint}_flexion_deg"):
                variances += [spread([r.peaks_deg[name] for r in score.reps if name in r.peaks_deg]) for name in names]
    return {f"{joint}_peak_repeat_deg": root_mean(np.array(variances)) for joint, variances in spreads.items()}


def counting(scores: Sequence[SetScore]) -> dict[str, float]:
    """Shares of sets of named exercises counted exactly and off by at most one, with the name given and without."""
    sets = [score for score in scores if score.true_reps and named(score)]
    given = np.array([abs(score.given_reps - score.true_reps) for score in sets])
    unnamed = np.array([abs(s.unnamed_reps - s.true_reps) for s in sets if s.unnamed_reps is not None])
    other = [s for s in scores if s.true_reps and not named(s)]
    nameless = np.array([abs(score.given_reps - score.true_reps) for score in other])
    return {
        "reps_exact_share": share(given == 0),
        "reps_off_by_one_share": share(given <= 1),
        "unnamed_reps_exact_share": share(unnamed == 0),
        "unnamed_reps_off_by_one_share": share(unnamed <= 1),
        "nameless_reps_exact_share": share(nameless == 0),
        "nameless_reps_off_by_one_share": share(nameless <= 1),
        "reps_found_share": share(np.array([rep.found for score in sets for rep in score.reps])),
    }


def named(score: SetScore) -> bool:
    """Whether the movement is one of the register's."""
    return score.exercise not in (IDLE, "unknown")


def share(right: np.ndarray) -> float:
    """Share that is true; NaN of nothing."""
    return float(right.mean()) if len(right) else np.nan


def idling(scores: Sequence[SetScore]) -> dict[str, float]:
    """Repetitions counted per minute of idling, with an exercise given and without; and of moving without any."""
    idle = [score for score in scores if score.exercise == IDLE]
    asked = [score for score in idle if score.unnamed_reps is not None]
    restless = [score for score in scores if score.exercise == "unknown" and not score.true_reps]
    return {
        "idle_false_reps_per_min": _rate(sum(score.given_reps for score in idle), idle),
        "idle_unnamed_false_reps_per_min": _rate(sum(score.unnamed_reps or 0 for score in asked), asked),
        "restless_false_reps_per_min": _rate(sum(score.given_reps for score in restless), restless),
    }


def _rate(number: int, scores: list[SetScore]) -> float:
    minutes = sum(score.minutes for score in scores)
    return number / minutes if minutes else np.nan


def confusion(scores: Iterable[SetScore]) -> Counter[tuple[str, str]]:
    """How often which movement was taken for which."""
    return Counter((score.exercise, score.said) for score in scores if score.said is not None)


def macro_f1(scores: Iterable[SetScore]) -> float:
    """Mean F1 over the classes that were shown, `idle` and `unknown` among them."""
    seen_as = confusion(scores)
    classes = {true for true, _ in seen_as}
    return float(np.mean([_f1(seen_as, name) for name in classes])) if classes else np.nan


def class_right(scores: Iterable[SetScore]) -> float:
    """Share of sets whose name was right."""
    return share(np.array([score.exercise == score.said for score in scores if score.said is not None]))


def _f1(seen_as: Counter[tuple[str, str]], name: str) -> float:
    right = seen_as[name, name]
    wrong = sum(number for (true, said), number in seen_as.items() if (true == name) != (said == name))
    return 2.0 * right / (2.0 * right + wrong) if right else 0.0


def phases(scores: Iterable[SetScore]) -> dict[str, float]:
    """Mean absolute error of phase boundaries, and the share of true boundaries that were stated."""
    reps = [rep for score in scores if named(score) for rep in score.reps if rep.found]
    errors = np.abs([error for rep in reps for error in rep.boundaries_s])
    wanted = sum(rep.boundaries_wanted for rep in reps)
    return {
        "phase_boundary_s": float(errors.mean()) if len(errors) else np.nan,
        "phase_boundary_p90_s": float(np.quantile(errors, 0.9)) if len(errors) else np.nan,
        "phase_boundary_found_share": len(errors) / wanted if wanted else np.nan,
    }


def steps(scores: Iterable[SetScore]) -> dict[str, float]:
    """Mean absolute error of strikes and lifts in walking and running, and shares of contacts found and made up."""
    scored = [score.steps for score in scores]
    errors = np.abs([error for score in scored for error in score.boundaries_s])
    wanted, said = sum(score.wanted for score in scored), sum(score.said for score in scored)
    return {
        "stance_boundary_s": float(errors.mean()) if len(errors) else np.nan,
        "stance_found_share": sum(score.found for score in scored) / wanted if wanted else np.nan,
        "stance_false_share": sum(score.false for score in scored) / said if said else np.nan,
    }


def manner_right(scores: Iterable[SetScore], manner: str) -> float:
    """Share said right, both kinds alike: the mean of the shares among those that are so and those that are not."""
    pairs = np.array([pair for s in scores for rep in s.reps if (pair := getattr(rep, manner)) is not None], dtype=bool)
    pairs = pairs.reshape(-1, 2)
    kinds = [share(pairs[pairs[:, 0] == kind, 1] == kind) for kind in (True, False)]
    return float(np.mean(kinds))
