"""What is true whatever the database, the repository and the network are.

Standard library only; no clock, no input or output. Decisions live here: whether an answer means
dead, when a run may move to another state, where a figure belongs, how long to wait.
"""
