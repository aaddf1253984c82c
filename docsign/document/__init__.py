"""What an official document is: its kinds, its values, its form (Decree 30/2020), its layout to PDF."""
