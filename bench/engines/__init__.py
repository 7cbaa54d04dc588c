"""Engines on hardware that few machines have."""
