"""Synthetic athletes: skeletons with exact truth, seen by cameras, spoilt as a pose model spoils them.

No picture is made and no graphics library is imported: a set takes milliseconds.
"""

from typing import Final

from motus_samples.synthetic.catalogue import CATALOGUE
from motus_samples.synthetic.recording import Recording, record
from motus_samples.synthetic.script import PROFILES, VIEWS, Profile, Script, ScriptError, View
from motus_samples.synthetic.truth import TrueContact, TruePhase, TrueRep, Truth

MOVEMENTS: Final[tuple[str, ...]] = tuple(CATALOGUE)
"""The movements of the register, `idle`, and nameless ones."""

__all__ = [
    "MOVEMENTS",
    "PROFILES",
    "VIEWS",
    "Profile",
    "Recording",
    "Script",
    "ScriptError",
    "TrueContact",
    "TruePhase",
    "TrueRep",
    "Truth",
    "View",
    "record",
]
