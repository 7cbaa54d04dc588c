"""`python -m motus_client.cli`: the same as `motus`."""

import sys

from motus_client.cli import main

sys.exit(main())
