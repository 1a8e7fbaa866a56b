"""
Right solutions of lab 6 that differ from ours must get full marks, as in test_alternatives.py: two of every exercise, in
alternatives_processes.
"""

import grading
import pytest
from alternatives_processes import areas, copies, elf, ends, fork, gate, pipes, signals, stack

EXERCISES = gate, copies, elf, stack, fork, ends, pipes, areas, signals


@pytest.mark.parametrize("which", ["FIRST", "SECOND"])
def test_another_right_solution_gets_full_marks(which):
    alternatives = {path: texts for exercise in EXERCISES for path, texts in getattr(exercise, which).items()}
    with grading.grader(6) as grader:
        graded = grader.grade(grader.solved_with(alternatives))
        assert graded.total == 100, graded.output
