//! Who is serving. Filled in with the ledger.
