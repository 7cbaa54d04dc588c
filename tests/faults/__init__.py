"""Faults under running workers."""
