"""The two jobs, ignorant of each other."""
