"""Who objected to what, until when, and who was told of it."""
