import os

kept = []
try:
    while True:
        kept.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
if len(kept) > 70_000:
    print("BREACH", len(kept), "descriptors")
os.write(1, b"done\n")
