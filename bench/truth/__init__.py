"""How well the product measures: real clips, synthetic athletes and motion capture, each against its truth."""
