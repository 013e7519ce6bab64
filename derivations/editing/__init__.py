"""What an editor shows: verdicts beside their lines, what stands under the cursor, what may follow, quick fixes."""
