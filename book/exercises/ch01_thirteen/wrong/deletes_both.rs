//! Neither reads nor keeps: each response is dropped at the end of its turn.

use std::error::Error;

use client::{Client, Response};

/// Asks `url` six times. The responses are kept: a dropped one would be closed.
pub async fn six_requests(client: &Client, url: &str) -> Result<Vec<Response>, Box<dyn Error>> {
    let kept = Vec::new();
    for _ in 1..=6 {
        let _response = client.get(url).await?;
    }
    Ok(kept)
}
