"""The examples and the commands of the README, run as a newcomer would run them."""
