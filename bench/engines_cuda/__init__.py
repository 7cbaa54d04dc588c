"""What a GPU makes of the landmark network; a folder, since `make bench` runs every program and has no GPU."""
