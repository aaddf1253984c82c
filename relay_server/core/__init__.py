"""Pure rules of the relay: deliveries, directory, which evidence when."""
