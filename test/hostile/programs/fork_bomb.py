import os
import sys
import time

# Every process forks until it may not; all of them fail then.
while True:
    try:
        os.fork()
    except OSError:
        # Long enough for one who only looks now and then, and whose turn comes late on a busy machine.
        time.sleep(2)
        sys.exit(1)
