"""`python -m scidex_console` is `scidex-console`."""

import sys

from scidex_console.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
