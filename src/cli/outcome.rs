//! How a command ends, and with which exit code.

use crate::error::ErrorKind;

/// How a command ended when nothing went wrong with the command itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Done (exit 0).
    Done,
    /// Done, but some messages or rows failed for good or ended unknown (exit 1).
    SomeFailed,
    /// Something given is not acceptable, and the answer says what (exit 3).
    Unacceptable,
    /// A provider or the network failed, and the answer says what (exit 4).
    WorldFailed,
    /// Another run holds a lock, and the answer says which (exit 5).
    Locked,
    /// `apply --check` found changes (exit 6).
    Changes,
    /// Stopped by this signal (exit 128 and its number).
    Stopped(u8),
}

impl Outcome {
    /// The exit code.
    pub(super) const fn exit_code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::SomeFailed => 1,
            Self::Unacceptable => ErrorKind::Unacceptable.exit_code(),
            Self::WorldFailed => ErrorKind::World.exit_code(),
            Self::Locked => ErrorKind::Locked.exit_code(),
            Self::Changes => 6,
            Self::Stopped(signal) => 128 + signal,
        }
    }
}
