import sys

sys.stdout.write('{"level":60,"msg":"forged"}\n\x1b]0;owned\x07\x1b[2J\r\n\x00\u202e\n')
print("done")
