"""From the registers of integer products to the integers of the next layer."""
