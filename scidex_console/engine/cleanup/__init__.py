"""The clean-up: what no row claims is found and planned with; what is left to do is told."""
