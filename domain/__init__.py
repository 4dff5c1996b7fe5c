"""The words of the trade: states, reasons, templates, windows, pace. Standard library only; no I/O, no clock."""
