"""``python -m hvconsole``."""

import sys

from hvconsole.cli import main

sys.exit(main())
