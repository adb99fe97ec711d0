//! Ctrl-C, SIGTERM and SIGHUP end a run at its next step; the second one ends it at once. Either
//! way nothing half-written is left.

use super::Error;
use crate::monitor::CancelToken;
use std::process::exit;
use std::sync::OnceLock;

static TOKEN: OnceLock<CancelToken> = OnceLock::new();

/// The token that the signals set, from now on.
pub fn token() -> Result<CancelToken, Error> {
    if let Some(token) = TOKEN.get() {
        return Ok(token.clone());
    }
    let token = CancelToken::default();
    let set = token.clone();
    ctrlc::set_handler(move || {
        if set.is_cancelled() {
            // Files appear by renaming: leaving now is as safe as losing power.
            exit(i32::from(Error::Interrupted.exit_status()));
        }
        set.cancel();
    })
    .map_err(|e| Error::Failed(format!("cannot watch for Ctrl-C: {e}")))?;
    Ok(TOKEN.get_or_init(|| token).clone())
}
