number = 0
while True:
    open(f"f{number}", "w").close()
    number += 1
