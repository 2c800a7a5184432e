"""Keeps TensorFlow out of the process.

Rasa imports TensorFlow and Keras when its Agent is imported, for components that this project does not use. That costs
5 seconds of start-up and 300 MB of memory. `install` puts empty modules in their place: classes can be derived
from what stands in them and functions decorated with it, as Rasa's modules do while they are imported, but nothing
computes. A pipeline with DIET or TED needs the real TensorFlow: train and run it with the `rasa` command.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from types import ModuleType
from typing import Any, Optional, Sequence

PACKAGES = frozenset({"tensorflow", "tensorflow_hub", "tensorflow_addons", "tensorflow_text", "keras"})
"""The packages that are kept out, with everything below them."""


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
        if fullname.partition(".")[0] not in PACKAGES:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _EmptyModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""


def _placeholder(name: str) -> _Named:
    return _Named(name, (_Placeholder,), {})


def install() -> None:
    """Put the empty modules in place. Does nothing where TensorFlow is already imported, or this was done before."""
    if "tensorflow" in sys.modules or any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    sys.modules["tensorflow"] = None  # type: ignore[assignment]  # spaCy's thinc asks whether it is there: no
    try:
        importlib.import_module("thinc.compat")
    finally:
        del sys.modules["tensorflow"]
    sys.meta_path.insert(0, _Finder())
