"""Session life cycle, the store and the gRPC API; see `app` for how its parts work together."""
