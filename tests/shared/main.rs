//! Delivery by several hosts over a real PostgreSQL.
