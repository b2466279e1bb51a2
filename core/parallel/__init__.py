"""One training on several devices: columns of the embeddings, and users, split over processes."""
