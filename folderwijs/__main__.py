"""The command line: `python -m folderwijs --help`."""

import sys

from folderwijs.cli import main

sys.exit(main())
