from hostile import call

# Magic numbers that the kernel refuses, so that nothing happens even where nothing holds.
call("reboot", 1, 2, 3, None)
print("BREACH went on")
