import os

depth = 0
try:
    while depth < 1500:
        os.mkdir("d" * 200)
        os.chdir("d" * 200)
        depth += 1
except OSError:
    pass
print("done")
