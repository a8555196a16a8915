"""What is asked and what answers mean: pure Python, no web, no database, no clock."""
