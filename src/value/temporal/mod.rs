//! Dates, times and durations: the types, and every operation on them.
//!
//! Nothing here reads a clock: where a function needs the present, its caller passes the instant as
//! nanoseconds since 1970-01-01T00:00Z.

mod arithmetic;
mod between;
mod calendar;
mod component;
mod construct;
mod date;
mod datetime;
mod duration;
mod format;
mod parse;
#[cfg(test)]
mod tests;
mod text;
mod time;
mod truncate;
mod zone;

pub(crate) use arithmetic::{difference, sum};
pub use between::{between, in_days, in_months, in_seconds};
pub use component::{component, components};
pub use construct::{Kind, create, create_duration, current, from_epoch, from_epoch_millis};
pub use date::Date;
pub use datetime::{DateTime, LocalDateTime};
pub use duration::Duration;
pub use format::format;
pub(crate) use text::{parse_named, text_named};
pub use time::{LocalTime, Time};
pub use truncate::truncate;
pub use zone::Zone;
