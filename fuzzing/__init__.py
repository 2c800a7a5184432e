"""Fuzzed messages through the whole stack, in process: `python -m fuzzing`."""
