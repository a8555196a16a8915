"""Who can be reached by mail, and why somebody cannot."""
