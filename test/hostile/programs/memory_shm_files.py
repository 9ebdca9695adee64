import sys

block = b"x" * (1 << 20)
try:
    with open("/dev/shm/big", "wb", buffering=0) as file:
        while True:
            if file.write(block) < len(block):
                sys.exit(1)
except OSError:
    sys.exit(1)
