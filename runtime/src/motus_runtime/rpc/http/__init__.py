"""JSON and server-sent events over HTTP for what is served by gRPC: the same handlers behind the same stages.

The protos say where a method is found (`google.api.http`); nothing here knows a service.
"""
