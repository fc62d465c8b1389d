"""The figure hosts of the embedded world: one loopback server that stands for every host figures came from.

`addresses` holds what is asked, `scenarios` what the world would answer, `server` answers it, `request_log`
remembers every request, and `budget_check` judges from that memory whether a client kept its manners.
"""
