"""Pure core: how many frames a second a live source sends. The pose of these tests is a queue of a given speed."""

from motus_ingest.pace import SLOWEST_FPS, Pace


def _run(
    pace: Pace, speed_fps: float, seconds: float, start_s: float, source_fps: float = 30.0
) -> tuple[Pace, list[float]]:
    """Send to a pose that does `speed_fps` frames a second and keeps one waiting; its lags over the time."""
    lags, now_s, free_s, next_s = [], start_s, start_s, start_s
    while now_s < start_s + seconds:
        if now_s >= next_s - 0.004:
            next_s = now_s + 1 / min(pace.fps, source_fps)
            dropped = free_s > now_s + 1 / speed_fps
            if not dropped:
                free_s = max(free_s, now_s) + 1 / speed_fps
                lags.append(1000 * (free_s - now_s))
            lag_ms = 0.0 if dropped else lags[-1]
            pace = pace.told(now_s, lag_ms=lag_ms, dropped=dropped, wanted_fps=0.9 * speed_fps, arriving_fps=source_fps)
        now_s += 1 / source_fps
    return pace, lags


def test_a_pose_that_keeps_up_gets_every_frame() -> None:
    """Nothing is thinned while answers come in time."""
    pace, _ = _run(Pace.start(60.0), speed_fps=100.0, seconds=20.0, start_s=0.0)
    assert pace.fps == 60.0


def test_a_pose_slowed_to_a_third_is_followed_within_seconds_and_back() -> None:
    """No frame waits for long five seconds later, and ten seconds after its recovery the rate is the old one."""
    pace, _ = _run(Pace.start(60.0), speed_fps=40.0, seconds=10.0, start_s=0.0)
    slowed, _ = _run(pace, speed_fps=13.0, seconds=5.0, start_s=10.0)
    slowed, lags = _run(slowed, speed_fps=13.0, seconds=10.0, start_s=15.0)
    back, _ = _run(slowed, speed_fps=40.0, seconds=10.0, start_s=25.0)
    assert slowed.fps < 13.0
    assert max(lags) <= 150.0
    assert back.fps >= 30.0


def test_it_never_falls_silent() -> None:
    """A pose that answers nothing in time still gets frames, or nobody would learn that it is back."""
    pace = Pace.start(60.0)
    for second in range(100):
        pace = pace.told(float(second), lag_ms=5000.0, dropped=True, wanted_fps=0.1, arriving_fps=30.0)
    assert pace.fps == SLOWEST_FPS
