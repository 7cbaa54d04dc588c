"""The coach's pure core: which fault, whether to speak, in which words. State in, state out, time as an argument."""
