"""Keeps packages out of the process that Rasa and spaCy import and this project does not use.

Importing Rasa's Agent imports TensorFlow and Keras, and the libraries of every chat service that Rasa can be joined to;
importing spaCy imports its command line. TensorFlow alone costs 5 seconds of start-up and 300 MB of memory, the others
most of a second. `install` puts empty modules in their place: classes can be derived from what stands in them and
functions decorated with it, as Rasa's modules do while they are imported, but nothing computes. A pipeline with DIET or
TED, and Rasa's own channels, need the real ones: train and run those with the `rasa` command.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from types import ModuleType
from typing import Any, Optional, Sequence

TENSORFLOW = frozenset({"tensorflow", "tensorflow_hub", "tensorflow_addons", "tensorflow_text", "keras", "rasa.utils.tensorflow.data_generator", "rasa.utils.tensorflow.model_data"})
CHANNELS = frozenset({"aiogram", "fbmessenger", "mattermostwrapper", "questionary", "prompt_toolkit", "slack_sdk", "twilio", "webexteamssdk"})
"""What Rasa's channels import, and its own terminal."""
PACKAGES = TENSORFLOW | CHANNELS | {"spacy.cli"}
"""Everything that is kept out, with all that is below it."""


class _Named(type):
    """A class whose every attribute is another such class: stands for tf.keras.layers.Layer and the like."""

    def __getattr__(cls, name: str) -> "_Named":
        if name.startswith("__"):
            raise AttributeError(name)
        return _placeholder(name)


class _Placeholder(metaclass=_Named):
    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__()

    def __class_getitem__(cls, item: Any) -> type:
        return cls

    def __new__(cls, *arguments: Any, **keywords: Any) -> Any:
        if arguments and callable(arguments[0]):  # used as a decorator
            return arguments[0]
        return super().__new__(cls)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return arguments[0] if arguments else self


class _EmptyModule(ModuleType):
    __path__: list[str] = []

    def __getattr__(self, name: str) -> _Named:
        if name.startswith("__"):
            raise AttributeError(name)
        value = _placeholder(name)
        setattr(self, name, value)
        return value


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, fullname: str, path: Optional[Sequence[str]], target: Optional[ModuleType] = None) -> Optional[importlib.machinery.ModuleSpec]:
        if not is_kept_out(fullname):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _EmptyModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""


def is_kept_out(name: str) -> bool:
    """Whether a module is one of `PACKAGES` or below one."""
    parts = name.split(".")
    return any(".".join(parts[:length]) in PACKAGES for length in range(1, len(parts) + 1))


def _placeholder(name: str) -> _Named:
    return _Named(name, (_Placeholder,), {})


def install() -> None:
    """Put the empty modules in place of those that are not imported yet. Does nothing where TensorFlow is, or where this was done before."""
    if "tensorflow" in sys.modules or any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    sys.modules["tensorflow"] = None  # type: ignore[assignment]  # spaCy's thinc asks whether it is there: no
    try:
        importlib.import_module("thinc.compat")
    finally:
        del sys.modules["tensorflow"]
    sys.meta_path.insert(0, _Finder())
