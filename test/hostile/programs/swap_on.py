from hostile import call

call("swapon", b"nothing", 0)
print("BREACH went on")
