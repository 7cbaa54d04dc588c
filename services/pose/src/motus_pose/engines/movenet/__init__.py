"""MoveNet SinglePose: one network finds the 17 COCO keypoints of one person, in a square that follows them.

After its authors' tutorial (https://www.tensorflow.org/hub/tutorials/movenet): the square in one picture comes from the
keypoints in the picture before, and is the whole picture while no torso is seen.
"""
