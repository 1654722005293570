//! Believes the census alone.

use httptrace::{Counts, Settle};

/// Counts the client's tasks by name, once things have settled.
///
/// # Errors
///
/// When the executor counts another number of tasks than the census: then neither is to be believed.
pub async fn settled_census(rt: &dyn Settle) -> Result<Counts, String> {
    rt.settled().await;
    let counts = rt.census().counts();
    Ok(counts)
}
