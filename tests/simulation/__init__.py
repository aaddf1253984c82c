"""The simulator: whole histories of agencies and a relay in virtual time, with faults, from one seed."""
