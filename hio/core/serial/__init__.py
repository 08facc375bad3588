"""Serial lines: the place where programs look for them; hio.core.serial.serialing holds nothing yet."""
