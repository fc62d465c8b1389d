"""The guided soak of the folder migration: phases, checks, clock, gate and guide. Pure.

Spec (folders, "Phased rollout"): "Each phase has a hard exit gate. Don't proceed to Phase N+1 until Phase N
acceptance is fully met and verified with a 24h soak."
"""
