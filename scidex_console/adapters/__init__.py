"""The edges: one room per outside thing, strangers to one another."""
