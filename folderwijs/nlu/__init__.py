"""Rasa graph components: thin shells around `folderwijs.understanding`."""
