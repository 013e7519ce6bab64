"""What the commands do once their line is read: judge with progress, show a run as it goes on, say what is wrong."""
