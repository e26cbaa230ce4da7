"""From the study file to steps, in the order of the data; every fault is found before anything runs."""
