//! The handshake against scripted back-ends.
