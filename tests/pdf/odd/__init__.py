"""Files that are odd and yet honest: what careless programs write. They pass, with a word where it is due."""
