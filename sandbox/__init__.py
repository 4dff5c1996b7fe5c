"""A Messenger Platform that runs on this machine: Send API, webhooks, faults, a clock, and a log of the truth."""
