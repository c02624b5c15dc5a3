"""`python -m taskalign`."""

import sys

from taskalign.cli import main

if __name__ == "__main__":
    sys.exit(main())
