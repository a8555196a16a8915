"""The connection to a school's information system, and the syncs with it."""
