"""Alembic's entry: runs revisions on the connection it is handed."""

from alembic import context

import outreach.tables
from outreach.database import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    transaction_per_migration=True,
    include_object=lambda _object, name, kind, *_: kind != "table" or name in outreach.tables.names,
)
with context.begin_transaction():
    context.run_migrations()
