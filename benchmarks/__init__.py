"""What the service costs, beside stock Rasa on the same machine and questions: `make bench`."""
