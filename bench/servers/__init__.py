"""Servers that benches and tests start for themselves, each in a folder of its own on a free port."""
