"""The graded MNIST homework: the assignment, and what hands it out and marks it."""
