"""``python3 -m inception_bench``."""

import sys

from inception_bench.cli import main

if __name__ == "__main__":
    sys.exit(main())
