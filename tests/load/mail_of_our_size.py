"""A finished mail as long as an invite, for those that only hand over."""

LINE = b"Your answers help your school to give you the right support with careers.\r\n"
MAIL = b"Subject: Hill School would like to hear about your plans\r\n\r\n" + LINE * 80
