"""What the coach can be told."""

from dataclasses import dataclass

from motus_runtime.settings import setting


@dataclass(frozen=True)
class CoachSettings:
    """Variables `MOTUS_COACH_...`, and the key of the model's endpoint under the name that everybody uses."""

    capacity: int = setting(64, "partitions of the 64 that this worker takes at most", minimum=1, maximum=64)
    base_url: str = setting("", "OpenAI-compatible endpoint; without it and without a key the rules alone speak")
    api_key: str = setting("", "key of the endpoint, from a secret", name="OPENAI_API_KEY")
    model: str = setting("gpt-4o-mini", "name of the model")
    connect_timeout_s: float = setting(1.0, "for a connection to the endpoint, seconds", minimum=0.05, maximum=4)
    timeout_s: float = setting(2.0, "for the wording of a summary, seconds", minimum=0.05, maximum=4)
    cue_deadline_s: float = setting(0.8, "for any other wording after its event, seconds", minimum=0.05, maximum=4)
    cooldown_s: float = setting(10.0, "before the same fault is named again, seconds", minimum=0)
    budget_per_minute: int = setting(6, "cues within any minute, at most", minimum=1, maximum=60)
    faults: str = setting("", "path of another table of faults; empty takes the built-in one")

    @property
    def asks_model(self) -> bool:
        """Whether a model is to be asked."""
        return bool(self.base_url or self.api_key)
