//! A probe of the database as its clients meet it: a fresh connection through the writer endpoint, one question, and
//! one metric of high resolution for each.
//!
//! What a probe means ([`meaning`]), what is printed ([`emf`]) and when the next one is due ([`pace`]) are decided
//! without clock, network or environment.

pub mod emf;
mod handle;
mod login;
pub mod meaning;
pub mod pace;
mod probe;
mod secret;
mod settings;
mod tls;

pub use handle::{Summary, Surroundings, handle};
pub use login::Login;
pub use meaning::{Meaning, Outcome};
pub use probe::{Prober, limit, longest};
pub use secret::Secret;
pub use settings::{LoginBy, Settings};
pub use tls::{Unusable, Verifier};
