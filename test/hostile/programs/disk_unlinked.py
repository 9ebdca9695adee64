import os
import time

# Nothing to see in any folder, and yet the space is gone.
block = b"x" * (1 << 16)
file = os.open("hidden", os.O_CREAT | os.O_RDWR)
os.unlink("hidden")
try:
    while os.write(file, block):
        pass
finally:
    # Long enough for one who only looks now and then: it is free again when this ends.
    time.sleep(0.2)
