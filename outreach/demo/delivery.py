"""Writes and mails the demo campaign as the workers would, while the mailbox is there to take it."""
