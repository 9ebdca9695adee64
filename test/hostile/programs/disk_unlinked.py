import os

# Nothing to see in any folder, and yet the space is gone.
block = b"x" * (1 << 16)
file = os.open("hidden", os.O_CREAT | os.O_RDWR)
os.unlink("hidden")
while os.write(file, block):
    pass
