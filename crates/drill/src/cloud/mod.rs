//! The local cloud: everything of AWS that Mainstay touches, except RDS and ECS, on this machine's loopback.
//!
//! It is ministack, a Python program under pinned versions, with hooks for what it lacks (`local_cloud/`). RDS and
//! ECS are the estate's: the functions reach them by `AWS_ENDPOINT_URL_RDS` and `AWS_ENDPOINT_URL_ECS`.
//! All state is under one run folder, so two clouds at once don't disturb each other.

mod api;
mod deploy;
mod error;
mod files;
mod server;
mod settings;

pub use api::{Api, Datapoint, Execution, Message, Service};
pub use deploy::{Deployment, Resource, Stack};
pub use error::{ApiError, CloudError};
pub(crate) use server::free_port;
pub use server::{Cloud, Kept};
pub use settings::CloudSettings;

#[cfg(test)]
mod tests;
