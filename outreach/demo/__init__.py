"""A demo school, plainly one: synthetic pupils, a campaign half answered, by the real verbs."""
