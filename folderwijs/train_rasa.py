"""Trains with Rasa, without TensorFlow: run as a module of its own by `folderwijs.training`, so that Rasa's progress bars and
warnings do not reach whoever waits for it.
"""

from __future__ import annotations

import os
import sys
import tarfile

from folderwijs import unused_packages

if __name__ == "__main__":
    unused_packages.install()
    tarfile.TarFile.gzopen.__func__.__defaults__ = ("r", None, 0)  # type: ignore[attr-defined]  # Rasa packs at level 9: 10 s for two thirds less, and a second at every start
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    import rasa.model_training

    from folderwijs import logs, speed
    from folderwijs.training import MODELS

    logs.quieten_rasa()
    speed.install_for_training()

    result = rasa.model_training.train(
        domain="domain.yml", config="config.yml", training_files="data", output=str(MODELS), fixed_model_name="new", force_training=True
    )
    sys.exit(0 if result.model else 1)
