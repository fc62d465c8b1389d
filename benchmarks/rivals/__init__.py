"""What `fetching.py` is made of: a network of its own, the clients compared, the judge of their log."""
