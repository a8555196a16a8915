"""Where a roster comes from. A source gives typed records and knows nothing of the database."""
