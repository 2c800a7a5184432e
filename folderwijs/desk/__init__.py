"""The receptionist's desk: its pages, who gets in, and what is kept of questions without an answer."""
