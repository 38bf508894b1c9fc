//! Memory that is freed, kept for the next statement.

/// Has what is freed kept: the ledger makes SQLite keep a journal of each statement, 124 KiB of room
/// that is given back after it, and a heap that is cut short and grown again each time asks the system four times for
/// each move of an update. The C library keeps as much as twice the largest block that it gave back on its own
/// (glibc: `mallopt(3)`, the dynamic threshold); nothing of this one is ever touched.
pub fn keep() {
    const LARGEST_BYTES: usize = 2 << 20;
    let block = Vec::<u8>::with_capacity(LARGEST_BYTES);
    drop(std::hint::black_box(block));
}
