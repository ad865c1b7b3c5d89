//! The game day: a local cloud with the production template, an estate that is struck, and what was measured.

pub mod artifacts;
pub mod checks;
pub mod cli;
pub mod clients;
pub mod cloud;
pub mod document;
pub mod error;
pub mod estate_client;
pub mod estate_process;
pub mod evidence;
pub mod experiment;
pub mod footprint;
pub mod inbox;
mod incidents;
mod kept;
pub mod listener;
pub mod measure;
pub mod pace;
pub mod play;
pub mod probe_file;
pub mod real;
pub mod report;
pub mod run;
pub mod run_folder;
#[cfg(test)]
mod sample;
pub mod scenario;
pub mod stage;
pub mod view;
