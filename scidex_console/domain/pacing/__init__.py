"""How fast a host group may be asked, and how long that takes.

The arithmetic of the gate is here, without a clock and without waiting: the gate of the engine asks it what
to wait for, and the simulation asks the very same code under a clock of its own.
"""
