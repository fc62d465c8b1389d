"""The engine's part of the guided soak: it measures, keeps the clock, and settles what people ask for."""
