"""What students write in their own words is put before the school's safeguarding lead."""
