//! Tests of the rounds as data, and of whole steps over twins, each done twice.

mod checks;
mod rounds;
mod steps;
