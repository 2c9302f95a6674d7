"""Helpers that functions commonly import."""
