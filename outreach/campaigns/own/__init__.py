"""A school's own questionnaires: questions added to a published one, or a definition it may use."""
