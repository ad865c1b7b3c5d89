//! What people use, on the local cloud.
