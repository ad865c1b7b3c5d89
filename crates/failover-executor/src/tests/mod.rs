//! Tests of the steps: tables for the pure decisions, and whole steps over twins, each done twice.

mod anew;
mod consent;
mod decisions;
mod handed_over;
mod news;
mod pools;
mod proof;
mod resumed;
mod scene;
mod steps;
mod steps_after;
mod targets;
mod waiting;
