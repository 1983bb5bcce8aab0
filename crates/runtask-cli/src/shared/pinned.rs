//! Gets what the lock pins: out of the cache, or by fetching that very state.

use super::cache::keep;
use super::fetcher::Fetcher;
use super::named::Named;
use anyhow::{Context, ensure};
use runtask_sources::{Content, Pin, Places, PlacesError, Source};
use runtask_terminal::output::Output;
use std::path::Path;

/// Fetches what a file of tasks names and the cache does not have. What keeps the file, or the lock, from being used is left to
/// whoever reads them next.
///
/// # Errors
///
/// When something that is pinned cannot be fetched, or is another content by now.
pub(crate) async fn make_ready(file: &Path, output: &Output) -> anyhow::Result<()> {
    let Ok(Named { sources, places }) = Named::by(file) else { return Ok(()) };
    for source in &sources {
        if places.pin(source).is_ok() {
            pinned(source, &places, output).await?;
        }
    }
    Ok(())
}

/// What the lock says that a source holds, which is in the cache from then on; and whether it had to be fetched.
///
/// # Errors
///
/// When it is not pinned, cannot be fetched, or is another content by now.
pub(crate) async fn pinned(
    source: &Source,
    places: &Places,
    output: &Output,
) -> anyhow::Result<(Content, bool)> {
    match places.content(source) {
        Ok(content) => return Ok((content, false)),
        Err(PlacesError::NotKept { .. }) => {}
        Err(PlacesError::Changed { path, .. }) if places.cache().is_some_and(|it| path.starts_with(it)) => {
            output.note(&format!("warning: the cache of {source} was changed, and is fetched again\n"));
        }
        Err(error) => return Err(error.into()),
    }
    let Pin { revision, digest, .. } = places.pin(source)?;
    let fetching = async { Fetcher::new()?.fetch(source, &revision).await };
    let content = output.patiently(&format!("fetching {source}"), fetching).await;
    let content =
        content.with_context(|| format!("{source} is not in the cache, and could not be fetched"))?;
    ensure!(
        content.digest() == digest,
        "{source} is not what runtask.lock pins: at {revision} it holds {}, and the lock says {digest}. Somebody has changed \
         one of them; `runtask policy update` takes what is there now",
        content.digest()
    );
    keep(&content, places)?;
    Ok((content, true))
}
