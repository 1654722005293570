//! Chapter 1's program without its `read_all`. It leaves thirteen tasks.

use std::error::Error;

use client::{Client, Response};

/// Asks `url` six times. The responses are kept: a dropped one would be closed.
///
/// Nobody reads a body, so no `read_loop` hears of an end. Each waits on, and each next request must dial.
pub async fn six_requests(client: &Client, url: &str) -> Result<Vec<Response>, Box<dyn Error>> {
    let mut kept = Vec::new();
    for _ in 1..=6 {
        let response = client.get(url).await?;
        kept.push(response);
    }
    Ok(kept)
}
