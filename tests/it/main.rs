//! Tests through the public interfaces, linked once.
#![cfg(test)]

mod api;
mod broken;
mod cli;
mod crash;
mod crash_bulk;
mod disk;
mod docs;
mod enforcement;
mod executor;
mod export;
mod films;
mod function;
mod fuzz;
mod generated;
mod golden;
mod graph;
mod graph_crash;
mod graph_history;
mod graph_index;
mod graphml;
mod import;
mod import_failed;
mod import_spilled;
mod index_checkpoint;
mod isolation;
mod kill;
mod kit;
mod limits;
mod load;
mod long_statement;
mod manual;
mod meanwhile;
mod notification;
mod parquet;
mod paths;
mod power_cut;
mod soak;
mod storage;
mod store;
mod syntax;
mod temporal;
mod tidy;
#[path = "../treatment.rs"]
mod treatment;
mod user_functions;
