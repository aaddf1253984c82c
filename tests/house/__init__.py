"""The rules of the house: what holds for every room, whoever builds it."""
