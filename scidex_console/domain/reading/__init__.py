"""What readers of artifacts go by: which way each takes, what it found, and how long that took."""
