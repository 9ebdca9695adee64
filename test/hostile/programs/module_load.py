from hostile import call

call("init_module", None, 0, b"")
print("BREACH went on")
