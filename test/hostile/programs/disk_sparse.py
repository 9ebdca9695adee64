import os

with open("sparse", "wb") as file:
    try:
        file.truncate(1 << 50)
    except OSError:
        pass
assert os.stat("sparse").st_blocks == 0
print("done")
