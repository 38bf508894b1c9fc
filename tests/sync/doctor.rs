//! `regua doctor`.
