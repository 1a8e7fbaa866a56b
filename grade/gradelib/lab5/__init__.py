"""
What the grader of lab 5 knows: disks and FAT volumes, made and read by its own code.
"""
