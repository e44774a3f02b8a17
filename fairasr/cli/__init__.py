"""The command line. No statistics here: a verb reads files, calls one public function, writes files."""
