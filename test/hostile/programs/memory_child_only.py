import os

if os.fork() == 0:
    kept = []
    while True:
        kept.append(bytearray(b"x" * (4 << 20)))
os.wait()
print("done")
