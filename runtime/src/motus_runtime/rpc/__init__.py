"""gRPC for services: who may call, within which limits, and what a caller is told when something is wrong.

Every call passes the same stages, outermost first: telemetry, status, auth, deadline, limits; then its request is read
and held against the rules of its message. `server` puts them together.
"""
