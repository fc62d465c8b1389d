"""Files on disk: the staging folder, the checkout, hashing, flushing, and paths that cannot be led astray."""
