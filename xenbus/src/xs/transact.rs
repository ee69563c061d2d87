//! Transactions that met a conflict are done again.

use crate::seam::{Store, StoreError, TransactionId};

/// Runs `body` in a transaction and commits it; does all again, at most `attempts` times, when the
/// store answers `EAGAIN` to the commit or to any request within. Any other error aborts the
/// transaction and is returned.
///
/// `body` must not have effects outside of the store: it may run several times.
///
/// # Errors
/// Those of the store and of `body`; [`StoreError::Again`] when all attempts met a conflict.
pub fn transact<S: Store + ?Sized, T>(
    store: &S,
    attempts: u32,
    mut body: impl FnMut(TransactionId) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    for _ in 0..attempts {
        let txn = store.begin()?;
        let outcome = match body(txn) {
            Ok(value) => store.end(txn, true).map(|()| value),
            Err(error) => {
                // What the abort answers changes nothing: the store forgets the transaction with
                // the connection at the latest.
                let _ = store.end(txn, false);
                Err(error)
            }
        };
        match outcome {
            Err(StoreError::Again) => {}
            other => return other,
        }
    }
    Err(StoreError::Again)
}
