//! Chapter 1's program leaves three tasks. With one call more, one: main.

use std::error::Error;

use client::{Client, Response};

/// Asks `url` six times. The responses are kept: a dropped one would be closed.
pub async fn six_requests(client: &Client, url: &str) -> Result<Vec<Response>, Box<dyn Error>> {
    let mut kept = Vec::new();
    for _ in 1..=6 {
        let mut response = client.get(url).await?;
        response.body.read_all().await?;
        kept.push(response);
    }
    Ok(kept)
}
