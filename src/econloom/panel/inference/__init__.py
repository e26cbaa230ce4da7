"""Covariances of estimates: sandwich, clusters, leverages."""
