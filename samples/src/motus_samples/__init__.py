"""Sample athletes: rendered clips of an articulated figure with exact truth."""

from motus_samples.clip import RenderedClip, render_clip
from motus_samples.gl import GraphicsError
from motus_samples.spec import ClipSpec, Faults, SpecError

__all__ = ["ClipSpec", "Faults", "GraphicsError", "RenderedClip", "SpecError", "render_clip"]
