"""The one resolver of artifacts, the readers that use it, and what they count. No framework, no edge."""
