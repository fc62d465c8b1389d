"""The machine itself: its clock, its disks, and the name this process goes by."""
