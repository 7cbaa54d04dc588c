"""The schema's history, for Alembic; run at start by `store.database`, or by `alembic upgrade --sql` for review."""
