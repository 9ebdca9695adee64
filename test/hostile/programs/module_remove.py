from hostile import call

call("delete_module", b"x", 0)
print("BREACH went on")
