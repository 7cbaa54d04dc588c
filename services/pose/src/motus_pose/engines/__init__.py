"""Pose engines: the port that the service knows, and one adapter per product."""
