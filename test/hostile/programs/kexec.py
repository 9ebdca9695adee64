from hostile import call

call("kexec_load", 0, 0, None, 0)
print("BREACH went on")
