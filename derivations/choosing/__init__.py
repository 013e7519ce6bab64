"""What a run is about: files, folders, standard input; claims by line, name or failure; and why there are none."""
