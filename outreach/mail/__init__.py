"""Mail as a mechanism: compose MIME, hand it over by SMTP. Knows no campaign and no database."""
