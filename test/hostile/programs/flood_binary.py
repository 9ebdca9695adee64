import os

while True:
    os.write(1, os.urandom(4096) + b"\0\xff\xfe")
