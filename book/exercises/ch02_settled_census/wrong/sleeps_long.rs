//! Counts after a minute, to be on the safe side.

use std::time::Duration;

use httptrace::{Counts, Settle};

/// Counts the client's tasks by name, once things have settled.
///
/// # Errors
///
/// When the executor counts another number of tasks than the census: then neither is to be believed.
pub async fn settled_census(rt: &dyn Settle) -> Result<Counts, String> {
    rt.timer(rt.now() + Duration::from_secs(60)).await;
    let counts = rt.census().counts();
    let alive = rt.alive_tasks();
    if alive != counts.total() {
        return Err(format!("the executor counts {alive} tasks, the census {counts:?}"));
    }
    Ok(counts)
}
