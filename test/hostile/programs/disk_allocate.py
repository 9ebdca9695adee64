import os

file = os.open("big", os.O_CREAT | os.O_RDWR)
os.posix_fallocate(file, 0, 1 << 40)
