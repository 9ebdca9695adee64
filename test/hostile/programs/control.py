import sys

# Not hostile: it must never notice the others.
print(sys.argv[1], sum(range(100)))
