"""
What lab 6's tests share.
"""
