//! The `file` provider: each delivered message is one JSON line in a file.
