import mmap

kept = []
while True:
    area = mmap.mmap(-1, 8 << 20)
    for page in range(0, len(area), 4096):
        area[page] = 1
    kept.append(area)
