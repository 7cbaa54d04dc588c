"""BlazePose's two networks with our own tracking graph: who is in the picture, and each one's 33 points.

The graph is MediaPipe's (Bazarevsky 2020, and the Tasks graphs `pose_detector`, `pose_landmarks_detector` and
`pose_landmarker`): a detector finds people, each gets a square region of interest, a second network finds the points in
it, and from those comes the region in the next picture, so that the detector rests while nobody new is looked for.
"""
