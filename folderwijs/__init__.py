"""Folderwijs: answers patients' questions from a clinic's leaflet, and only from that leaflet."""

__version__ = "0.1.0"
