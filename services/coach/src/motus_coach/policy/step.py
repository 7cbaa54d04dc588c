"""The policy: one observation of one participant in, the new state and what is to be said out.

One fault at a time, the one most likely to injure first; each not again before its cooldown is over; praise when it is
mended; silence when all is well; a budget per minute.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from motus_coach.policy.faults import Fault, FaultTable
from motus_coach.policy.judge import Finding, judged, usual_values
from motus_coach.policy.summary import RANGE, summarise
from motus_coach.policy.values import (
    Cue,
    CueJudged,
    ExerciseNamed,
    Grade,
    Kind,
    Observation,
    RepSeen,
    SessionEnded,
    SetEnded,
    Severity,
)

MINUTE_S = 60.0
# A value near its threshold is believed when this many of the last repetitions agree.
NEAR_NEEDED, NEAR_OF = 2, 3
# Who finds a correction of little use gets it so many times less often.
USEFUL, DOUBTED_COOLDOWNS = 3, 6
_USUAL_REPS = 4
_MENDED = "_mended"
_SET_SUMMARY = "set_summary"


@dataclass(frozen=True)
class PolicyConfig:
    """How the policy decides.

    Attributes:
        table: the faults.
        language: BCP-47 language wished for.
        muted: say nothing.
        cooldown_s: seconds before the same fault is named again.
        budget_per_minute: cues within any minute at most; the session's summary is not counted.
        min_valid_s: how long a cue helps at least, seconds.
        summary_valid_s: how long a summary helps, seconds.
    """

    table: FaultTable
    language: str = "en"
    muted: bool = False
    cooldown_s: float = 10.0
    budget_per_minute: int = 6
    min_valid_s: float = 3.0
    summary_valid_s: float = 30.0


@dataclass(frozen=True)
class RepRecord:
    """What is kept of a counted repetition.

    Attributes:
        set_ordinal: its set.
        exercise: what it was judged as.
        near: whether each judged fault was on the faulty side of its threshold, by code.
        values: by name the measures that faults and summaries rest on, as far as they are graded well enough.
        cued: whether something was said about it.
    """

    set_ordinal: int
    exercise: str
    near: Mapping[str, bool]
    values: Mapping[str, float]
    cued: bool = False


@dataclass(frozen=True)
class PolicyState:
    """What the policy remembers of one participant.

    Attributes:
        exercise: what was named last; `unknown` before.
        reps: counted repetitions by ordinal.
        open: codes of faults that were named and are not mended.
        named_at_s: when each fault was named last, seconds on the source's clock.
        said_at_s: times of the cues of the last minute.
        said_times: how often each code was said: the next wording.
        set_reps: repetitions that the summary of each set spoke of.
        sets_over: the highest ordinal of a set that has ended.
        hushed: up to and with which set each dismissed code is left out.
        doubted: codes that were rated low.
    """

    exercise: str = "unknown"
    reps: Mapping[int, RepRecord] = field(default_factory=dict)
    open: frozenset[str] = frozenset()
    named_at_s: Mapping[str, float] = field(default_factory=dict)
    said_at_s: tuple[float, ...] = ()
    said_times: Mapping[str, int] = field(default_factory=dict)
    set_reps: Mapping[int, int] = field(default_factory=dict)
    sets_over: int = 0
    hushed: Mapping[str, int] = field(default_factory=dict)
    doubted: frozenset[str] = frozenset()


Step = tuple[PolicyState, tuple[Cue, ...]]


def step(state: PolicyState, observation: Observation, config: PolicyConfig) -> Step:
    """Take one observation in; returns the new state and what is to be said, in order."""
    match observation:
        case ExerciseNamed():
            return replace(state, exercise=observation.exercise), ()
        case RepSeen():
            return _rep(state, observation, config)
        case SetEnded():
            return _set_end(state, observation, config)
        case CueJudged():
            return _judged_by_athlete(state, observation), ()
        case SessionEnded():
            return _session_end(state, observation, config)


def _judged_by_athlete(state: PolicyState, cue: CueJudged) -> PolicyState:
    """What is dismissed is left out through the set that goes on, or the next one; the last rating holds."""
    if cue.dismissed:
        newest = max((record.set_ordinal for record in state.reps.values()), default=0)
        state = replace(state, hushed={**state.hushed, cue.code: max(newest, state.sets_over + 1)})
    if cue.rating is None:
        return state
    return replace(state, doubted=state.doubted | {cue.code} if cue.rating < USEFUL else state.doubted - {cue.code})


def _is_hushed(state: PolicyState, code: str, set_ordinal: int) -> bool:
    return set_ordinal <= state.hushed.get(code, -1)


def _rep(state: PolicyState, rep: RepSeen, config: PolicyConfig) -> Step:
    if not rep.counted:
        return replace(state, reps={n: kept for n, kept in state.reps.items() if n != rep.ordinal}), ()
    before = state.reps.get(rep.ordinal)
    exercise = rep.exercise if rep.exercise not in ("", "unknown") else state.exercise
    faults = config.table.of(exercise)
    findings = judged(rep, faults, usual_values(_before(state, rep, exercise)))
    needed = {RANGE, *(name for fault in faults for name in fault.measures)}
    record = RepRecord(
        rep.set_ordinal,
        exercise,
        near={code: finding.near for code, finding in findings.items()},
        values={name: m.value for name, m in rep.measures.items() if name in needed and m.grade >= Grade.MEDIUM},
        cued=before is not None and before.cued,
    )
    state = replace(state, reps={**state.reps, rep.ordinal: record})
    if record.cued or config.muted:
        return state, ()
    return _speak(state, rep, {fault.code: fault for fault in faults}, findings, config)


def _before(state: PolicyState, rep: RepSeen, exercise: str) -> list[Mapping[str, float]]:
    """Measures of the last repetitions before this one in its set."""
    earlier = [
        record.values
        for ordinal, record in sorted(state.reps.items())
        if ordinal < rep.ordinal and record.exercise == exercise and record.set_ordinal == rep.set_ordinal
    ]
    return earlier[-_USUAL_REPS:]


def _speak(
    state: PolicyState,
    rep: RepSeen,
    faults: Mapping[str, Fault],
    findings: Mapping[str, Finding],
    config: PolicyConfig,
) -> Step:
    faulty = [fault for code, fault in faults.items() if code in findings and _believed(state, rep, code, findings)]
    mended = [
        faults[code] for code in findings if code in state.open and _is_mended(state, rep, faults[code], findings)
    ]
    state = replace(state, open=state.open - {fault.code for fault in mended})
    correction = _due(state, faulty, rep, config)
    praised = [fault for fault in mended if not _is_hushed(state, fault.code + _MENDED, rep.set_ordinal)]
    if not _affordable(state, rep.t_s, config):
        return state, ()
    if correction is not None:
        return _say(state, rep, correction, Kind.CORRECTION, findings[correction.code], config)
    if praised and not faulty:
        return _say(state, rep, praised[0], Kind.PRAISE, findings[praised[0].code], config)
    return state, ()


def _believed(state: PolicyState, rep: RepSeen, code: str, findings: Mapping[str, Finding]) -> bool:
    """Whether a fault is there: clearly in this repetition, or near the threshold in most of the last ones."""
    finding = findings[code]
    if finding.clear or not finding.near:
        return finding.clear
    return sum(_last_near(state, rep, code, NEAR_OF)) >= NEAR_NEEDED


def _is_mended(state: PolicyState, rep: RepSeen, fault: Fault, findings: Mapping[str, Finding]) -> bool:
    """Whether a fault is gone; where every other repetition is the other side's, it takes two in a row."""
    needed = 1 if fault.below_usual is None else 2
    return findings[fault.code].mended and not any(_last_near(state, rep, fault.code, needed))


def _last_near(state: PolicyState, rep: RepSeen, code: str, count: int) -> list[bool]:
    """Whether the last repetitions in which a fault could be judged were on its side, newest first."""
    found = [state.reps[n].near.get(code) for n in sorted(state.reps, reverse=True) if n <= rep.ordinal]
    return [near for near in found if near is not None][:count]


def _due(state: PolicyState, faulty: list[Fault], rep: RepSeen, config: PolicyConfig) -> Fault | None:
    """The fault to name now: the worst, unless one just as bad was named a moment ago and needs time."""
    wanted = [fault for fault in faulty if not _is_hushed(state, fault.code, rep.set_ordinal)]
    cooling = [fault for fault in wanted if _is_cooling(state, fault.code, rep.t_s, config.cooldown_s)]
    patience = max((fault.severity for fault in cooling), default=None)
    resting = [f for f in wanted if f.code in state.doubted and _is_cooling(state, f.code, rep.t_s, _rest_s(config))]
    waiting = [f for f in wanted if f not in cooling + resting and (patience is None or f.severity > patience)]
    return max(waiting, key=lambda fault: fault.severity, default=None)


def _is_cooling(state: PolicyState, code: str, now_s: float, cooldown_s: float) -> bool:
    return now_s - state.named_at_s.get(code, -float("inf")) < cooldown_s


def _rest_s(config: PolicyConfig) -> float:
    return DOUBTED_COOLDOWNS * config.cooldown_s


def _affordable(state: PolicyState, now_s: float, config: PolicyConfig) -> bool:
    recent = [at_s for at_s in state.said_at_s if now_s - at_s < MINUTE_S]
    return len(recent) < config.budget_per_minute


def _say(state: PolicyState, rep: RepSeen, fault: Fault, kind: Kind, finding: Finding, config: PolicyConfig) -> Step:
    language = config.table.language(config.language)
    corrects = kind is Kind.CORRECTION
    code = fault.code if corrects else fault.code + _MENDED
    wordings = (fault.say if corrects else fault.praise)[language]
    cue = Cue(
        cause=f"rep-{rep.ordinal:04d}",
        code=code,
        kind=kind,
        severity=fault.severity if corrects else Severity.INFO,
        text=wordings[state.said_times.get(code, 0) % len(wordings)],
        language=language,
        exercise=fault.exercise,
        t_s=rep.t_s,
        valid_s=max(rep.duration_s, config.min_valid_s),
        evidence=(finding.evidence,),
    )
    state = _remember(state, cue)
    record = replace(state.reps[rep.ordinal], cued=True)
    state = replace(state, reps={**state.reps, rep.ordinal: record})
    if corrects:
        named_at_s = {**state.named_at_s, fault.code: rep.t_s}
        state = replace(state, open=state.open | {fault.code}, named_at_s=named_at_s)
    return state, (cue,)


def _remember(state: PolicyState, cue: Cue) -> PolicyState:
    recent = tuple(at_s for at_s in state.said_at_s if cue.t_s - at_s < MINUTE_S)
    times = {**state.said_times, cue.code: state.said_times.get(cue.code, 0) + 1}
    return replace(state, said_at_s=(*recent, cue.t_s), said_times=times)


def _set_end(state: PolicyState, end: SetEnded, config: PolicyConfig) -> Step:
    state = replace(state, sets_over=max(state.sets_over, end.ordinal))
    reps = [record for record in state.reps.values() if record.set_ordinal == end.ordinal]
    if not reps or config.muted or end.ordinal in state.set_reps or not _affordable(state, end.t_s, config):
        return state, ()
    if _is_hushed(state, _SET_SUMMARY, end.ordinal):
        return state, ()
    cue = _summary(state, reps, end.t_s, f"set-{end.ordinal:04d}", "set", config)
    return replace(_remember(state, cue), set_reps={**state.set_reps, end.ordinal: len(reps)}), (cue,)


def _session_end(state: PolicyState, end: SessionEnded, config: PolicyConfig) -> Step:
    """A session of one set that was just summed up has nothing to add."""
    reps = list(state.reps.values())
    if not reps or config.muted or list(state.set_reps.values()) == [len(reps)]:
        return state, ()
    return state, (_summary(state, reps, end.t_s, "session", "session", config),)


def _summary(
    state: PolicyState, reps: list[RepRecord], t_s: float, cause: str, opening: str, config: PolicyConfig
) -> Cue:
    language = config.table.language(config.language)
    exercises = {record.exercise for record in reps}
    exercise = reps[0].exercise if len(exercises) == 1 else ""
    ranges = [record.values[RANGE] for record in reps if RANGE in record.values] if exercise else []
    # A repetition that was withdrawn takes its fault along.
    shown = {code for record in reps for code, near in record.near.items() if near}
    latest = max(record.set_ordinal for record in reps)
    unheard = {code for code in state.open & shown if not _is_hushed(state, code, latest)}
    still_open = [f for f in config.table.faults if f.code in unheard and f.exercise in exercises]
    worst = max(still_open, key=lambda fault: fault.severity, default=None)
    focus = worst.focus[language] if worst else ""
    summary = summarise(len(reps), ranges, focus, config.table.summary[language], opening)
    return Cue(
        cause=cause,
        code=f"{opening}_summary",
        kind=Kind.SUMMARY,
        severity=Severity.INFO,
        text=summary.text,
        language=language,
        exercise=exercise,
        t_s=t_s,
        valid_s=config.summary_valid_s,
        evidence=summary.evidence,
        reps=len(reps),
    )
