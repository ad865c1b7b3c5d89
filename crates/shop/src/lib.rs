//! The demo application: one task of a service that writes to the database.
//!
//! It is an ordinary service on purpose: a shallow health check, a connection pool, one write for each request.
//! What happens to it in a failover happens to real services.

pub mod http;
pub mod lifetime;
pub mod pool;
pub mod serve;
pub mod settings;
