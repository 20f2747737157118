"""Alembic's entry: runs on the connection that `paywall.database.schema.upgrade` opened."""

from alembic import context

from paywall.database.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata(), transactional_ddl=True
)
with context.begin_transaction():
    context.run_migrations()
