"""MoveNet SinglePose (Google, 2021): 17 points of one person, followed as its authors' example follows them."""
