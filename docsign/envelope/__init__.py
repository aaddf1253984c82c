"""What travels: agency codes, edXML header and statuses, the ASiC-E container, evidence."""
