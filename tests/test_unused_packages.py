from __future__ import annotations

import importlib
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest

from folderwijs import unused_packages


def finders() -> list[Any]:
    return [finder for finder in sys.meta_path if type(finder).__module__ == unused_packages.__name__]


@pytest.mark.parametrize("name", ["tensorflow", "tensorflow.keras.layers", "keras.utils", "tensorflow_addons.text", "tensorflow_hub", "slack_sdk.web", "spacy.cli", "spacy.cli.info"])
def test_what_is_kept_out_is_an_empty_module(name: str) -> None:
    module = importlib.import_module(name)
    assert getattr(module, "__file__", None) is None
    assert module.iets.anders


def test_nothing_that_is_kept_out_is_loaded_with_the_engine() -> None:
    importlib.import_module("folderwijs.engine")
    assert [name for name, module in sys.modules.items() if unused_packages.is_kept_out(name) and getattr(module, "__file__", None)] == []


def test_what_only_training_needs_is_not_loaded_with_the_service() -> None:
    """Half a second of the start."""
    loaded = "import sys, folderwijs.cli, folderwijs.serve, folderwijs.app; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", f"from folderwijs import unused_packages; unused_packages.install(); {loaded}"], capture_output=True, text=True, check=True)  # noqa: S603
    assert {"rasa", "spacy", "numpy"} <= set(done.stdout.split())
    assert not {"sklearn", "pandas"} & set(done.stdout.split())


@pytest.mark.parametrize("name", ["json", "spacy", "spacy.tokens", "tensor", "rasa.core.channels"])
def test_other_packages_are_left_alone(name: str) -> None:
    assert [finder.find_spec(name, None) for finder in finders()] == [None]


def test_classes_can_be_derived_and_functions_decorated() -> None:
    tensorflow: Any = importlib.import_module("tensorflow")

    class Layer(tensorflow.keras.layers.Layer, extra=1):  # type: ignore[call-arg]
        pass

    @tensorflow.function
    def plain() -> int:
        return 1

    @tensorflow.function(input_signature=[])
    def configured() -> int:
        return 2

    assert isinstance(Layer(), tensorflow.keras.layers.Layer[int])
    assert (plain(), configured()) == (1, 2)


def test_dunder_names_are_missing_as_in_any_module() -> None:
    tensorflow: Any = importlib.import_module("tensorflow")
    assert not hasattr(tensorflow, "__wrapped__")
    assert not hasattr(tensorflow.keras, "__wrapped__")


def test_installing_twice_changes_nothing() -> None:
    before = list(sys.meta_path)
    unused_packages.install()
    assert sys.meta_path == before
    assert len(finders()) == 1


def test_a_tensorflow_that_is_already_there_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    real = ModuleType("tensorflow")
    monkeypatch.setattr(sys, "meta_path", [finder for finder in sys.meta_path if finder not in finders()])
    monkeypatch.setitem(sys.modules, "tensorflow", real)
    unused_packages.install()
    assert sys.modules["tensorflow"] is real
    assert finders() == []


def test_installing_puts_the_empty_modules_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "meta_path", [finder for finder in sys.meta_path if finder not in finders()])
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    unused_packages.install()
    assert finders() == [sys.meta_path[0]]
    assert "tensorflow" not in sys.modules
