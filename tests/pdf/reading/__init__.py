"""Tests of the strict PDF reader: what it reads, what it remarks, what it refuses, and what that costs."""
