"""From a message's words to what it asks. Knows nothing of Rasa or HTTP."""
