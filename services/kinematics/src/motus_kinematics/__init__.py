"""The kinematics service: landmarks in, measured movement out. It measures and judges nothing."""
