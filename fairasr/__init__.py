"""fairasr: find the speakers a recogniser fails, say honestly by how much, and mend it."""
