"""Run as ``python -m inception_evaluate.machine_tool``."""

import sys

from inception_evaluate.machine_tool.cli import main

sys.exit(main())
