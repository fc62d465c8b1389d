"""What writers do to artifacts: their files go to an artifact's folder through the two-store protocol."""
