"""Rasa's custom actions. Each is a few lines over `folderwijs.dialogue`, where the thinking is."""
