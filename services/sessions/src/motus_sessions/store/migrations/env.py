"""How Alembic runs the migrations: over the connection it is given."""

from alembic import context

from motus_sessions.store.tables import METADATA

if context.is_offline_mode():
    context.configure(url=context.config.get_main_option("sqlalchemy.url"), target_metadata=METADATA)
else:
    context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
