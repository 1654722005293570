//! A count that does not lie.

use httptrace::{Counts, Settle};

/// Counts the client's tasks by name, once things have settled.
///
/// # Errors
///
/// When the executor counts another number of tasks than the census: then neither is to be believed.
pub async fn settled_census(rt: &dyn Settle) -> Result<Counts, String> {
    rt.settled().await;
    let counts = rt.census().counts();
    let alive = rt.alive_tasks();
    if alive != counts.total() {
        return Err(format!("the executor counts {alive} tasks, the census {counts:?}"));
    }
    Ok(counts)
}
