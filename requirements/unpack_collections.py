"""Unpack the collections of collections/requirements.yml out of the wheel of PyPI's package `ansible`.

Usage: unpack_collections.py DIRECTORY_OF_THE_WHEEL COLLECTIONS_PATH. Of 22,909 files these are 145, and the wheel is not
needed any more afterwards.
"""

import shutil
import sys
import zipfile
from pathlib import Path

WANTED = ("ansible_collections/community/docker/", "ansible_collections/community/library_inventory_filtering_v1/")

wheels, target = Path(sys.argv[1]), Path(sys.argv[2])
shutil.rmtree(target, ignore_errors=True)
with zipfile.ZipFile(next(wheels.glob("ansible-*.whl"))) as wheel:
    wheel.extractall(target, [name for name in wheel.namelist() if name.startswith(WANTED)])
shutil.rmtree(wheels)
