"""Film catalogue and simulated viewers with planted noise; rebuilt by ``make_sample``."""
