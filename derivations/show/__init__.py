"""What people see: LaTeX, lines, explanations, the report. Pure functions of the record; nothing here decides."""
