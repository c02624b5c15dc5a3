"""`python -m taskalign`."""

import sys

from taskalign.cli import main

sys.exit(main())
