//! Tests through the public interfaces, linked once.
#![cfg(test)]

mod tidy;
