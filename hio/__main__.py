"""python -m hio: the same as the console script hio."""

import sys

from .cli import main

sys.exit(main())
