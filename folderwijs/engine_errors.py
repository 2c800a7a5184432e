"""What can be wrong with a model, apart from the engine so that it can be caught without loading Rasa."""


class ModelError(Exception):
    """Raised when there is no trained model that can be loaded; the message says what to do."""
