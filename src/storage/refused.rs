//! What the operating system refuses, as errors: one table of reasons, each with its way out.

use std::io;
use std::io::ErrorKind;
use std::path::Path;

use crate::error::Detail;
use crate::error::Error;

/// Why something was refused, what the error says of it, and the way out.
struct Reason {
    kinds: &'static [ErrorKind],
    detail: Detail,
    help: &'static str,
}

const REASONS: &[Reason] = &[
    Reason {
        // A limit on the size of files is met as a full disk is.
        kinds: &[ErrorKind::StorageFull, ErrorKind::QuotaExceeded, ErrorKind::FileTooLarge],
        detail: Detail::DiskFull,
        help: "Make room and try again: what was acknowledged is safe, and writing goes on.",
    },
    Reason {
        kinds: &[ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem],
        detail: Detail::AccessDenied,
        help: "Let this user read and write the folder of the store and all in it.",
    },
    Reason {
        kinds: &[ErrorKind::NotFound, ErrorKind::StaleNetworkFileHandle],
        detail: Detail::StoreGone,
        help: "Bring the folder back to where it was, and open the store again.",
    },
];

/// The error of a file operation, with what was tried on which path.
pub(crate) fn failed(verb: &str, path: &Path, error: io::Error) -> Error {
    of(format!("cannot {verb} `{}`: {error}", path.display()), error)
}

/// The error for a write where the store was opened only to be read.
pub(crate) fn read_only() -> Error {
    Error::storage(Detail::ReadOnly, "the store was opened only to be read")
        .help("Open it without `read_only` to write.")
}

/// The error with a message of its own for one of the operating system.
pub(crate) fn of(message: String, error: io::Error) -> Error {
    let reason = REASONS.iter().find(|reason| reason.kinds.contains(&error.kind()));
    match reason {
        Some(reason) => Error::storage(reason.detail, message).help(reason.help),
        None => Error::storage(Detail::InputOutput, message),
    }
    .caused_by(error)
}

/// The error that stands at the root of a panic of an engine, where its text names one.
///
/// An engine that unwraps what the system has refused is not damaged. Only the text of the error is left of it.
pub(crate) fn in_panic(text: &str) -> Option<io::Error> {
    let kinds = REASONS.iter().flat_map(|reason| reason.kinds);
    let kind = kinds.copied().find(|kind| text.contains(&format!("kind: {kind:?}")))?;
    Some(io::Error::new(kind, kind.to_string()))
}
