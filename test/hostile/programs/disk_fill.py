block = b"x" * (1 << 16)
with open("big", "wb", buffering=0) as file:
    while file.write(block):
        pass
