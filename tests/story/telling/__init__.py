"""The parts that tests/story/run.py is made of; README.md says how they belong together."""
