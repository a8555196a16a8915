"""News of campaigns in a school's own chat: how many, never who."""
