"""Alembic's entry: runs on the connection that `paywall.schema.upgrade` opened."""

from alembic import context

from paywall.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata(), transactional_ddl=True
)
with context.begin_transaction():
    context.run_migrations()
