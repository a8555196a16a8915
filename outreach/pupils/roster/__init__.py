"""What arrives is staged, merged and reported: one roster a school, in one transaction."""
