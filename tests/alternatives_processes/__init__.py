"""Other right solutions of lab 6, for test_alternatives_processes.py: a module for each exercise."""
