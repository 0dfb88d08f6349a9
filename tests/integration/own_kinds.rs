//! Kinds that only a user's templates name, on a cluster.
