//! The stages that restore and keep caches. Whatever goes wrong with a cache is a line in the log, never a failure.

use crate::cache_names::CacheNames;
use crate::choose::{Choice, choose};
use crate::cloud::Cloud;
use crate::context::Context;
use crate::git::Git;
use crate::pack::{PackError, Packed, pack};
use crate::unpack::{UnpackError, UnpackLimits, unpack};
use gitlab_runner_protocol::job::{ArtifactFormat, Cache, CachePolicy};
use tokio::time::{Instant, timeout_at};

/// Restores what the job wants restored.
pub(crate) async fn restore_caches(context: &Context<'_>, cloud: &impl Cloud) {
    let wanted = context.job.cache.iter().filter(|it| it.policy != CachePolicy::Push);
    let wanted: Vec<&Cache> = wanted.collect();
    if wanted.is_empty() {
        return;
    }
    let _section = context.log.section("restore_cache", "Restoring the cache");
    if !cloud.has_caches() {
        context.log.line("There is no place for caches: nothing is restored, and nothing will be kept");
        return;
    }
    let end = context.time.ends.downloads(Instant::now());
    for cache in wanted {
        let names = names(context, cache);
        let mut found = false;
        for name in names.own.iter().chain(&names.fallbacks) {
            match restore(context, cloud, name, end).await {
                Ok(true) => {
                    context.log.line(&format!("Restored {}", key(name)));
                    found = true;
                    break;
                }
                Ok(false) => {}
                Err(error) => context.log.warning(&format!("{} could not be restored: {error}", key(name))),
            }
        }
        if !found {
            context.log.line("There is no such cache yet");
        }
    }
}

async fn restore(
    context: &Context<'_>,
    cloud: &impl Cloud,
    name: &str,
    end: Instant,
) -> Result<bool, String> {
    let mut attempt = 1;
    let file = loop {
        let mut file = tempfile::tempfile_in(&context.workspace.private).map_err(|it| it.to_string())?;
        let fetched = timeout_at(end, cloud.fetch_cache(name, &mut file, end)).await;
        match fetched {
            Ok(Ok(true)) => break file,
            Ok(Ok(false)) => return Ok(false),
            Ok(Err(error)) if attempt >= context.switches.restore_cache_attempts => return Err(error),
            Ok(Err(_)) => attempt += 1,
            Err(_) => return Err("it took too long".to_owned()),
        }
    };
    let (project, is_over) = (context.workspace.files(), context.is_over_at(end));
    let unpacked =
        tokio::task::spawn_blocking(move || unpack(file, &project, &UnpackLimits::default(), &is_over)).await;
    match unpacked {
        Ok(unpacked) => unpacked.map(|_| true).map_err(|it: UnpackError| it.to_string()),
        Err(_) => Err("this runner could not unpack it".to_owned()),
    }
}

/// Keeps what is wanted after a script that succeeded, or did not.
pub(crate) async fn keep_caches(context: &Context<'_>, cloud: &impl Cloud, succeeded: bool) {
    let wanted: Vec<&Cache> = context
        .job
        .cache
        .iter()
        .filter(|it| it.policy != CachePolicy::Pull && it.when.fits(succeeded))
        .collect();
    if wanted.is_empty() || !cloud.has_caches() {
        return;
    }
    let name = if succeeded { "archive_cache" } else { "archive_cache_on_failure" };
    let _section = context.log.section(name, "Keeping the cache");
    let now = Instant::now();
    if now >= context.time.ends.script {
        context.log.line("There is no time left for the cache");
        return;
    }
    let end = context.time.ends.uploads(now);
    for cache in wanted {
        let Some(name) = names(context, cache).own else {
            context.log.warning("the key of a cache comes to nothing");
            continue;
        };
        match timeout_at(end, keep(context, cloud, cache, &name, end)).await {
            Ok(Ok(true)) => context.log.line(&format!("Kept {}", key(&name))),
            Ok(Ok(false)) => {}
            Ok(Err(error)) => context.log.warning(&format!("{} could not be kept: {error}", key(&name))),
            Err(_) => context.log.warning(&format!("{} could not be kept: it took too long", key(&name))),
        }
    }
}

async fn keep(
    context: &Context<'_>,
    cloud: &impl Cloud,
    cache: &Cache,
    name: &str,
    end: Instant,
) -> Result<bool, String> {
    let untracked = match cache.untracked {
        true => {
            Git::of(&context.workspace, context.host).untracked(end).await.map_err(|it| it.to_string())?
        }
        false => Vec::new(),
    };
    let (cache, workspace, variables) = (cache.clone(), context.workspace.clone(), context.variables.clone());
    let is_over = context.is_over_at(end);
    let packed = tokio::task::spawn_blocking(move || {
        let mut warnings = Vec::new();
        let choice =
            Choice { project: &workspace.project, paths: &cache.paths, exclude: &[], untracked: &untracked };
        let root = workspace.files();
        let paths = choose(&choice, &root, &variables, &mut warnings);
        let zip = ArtifactFormat::Zip;
        let packed = pack(&zip, &paths, &root, &workspace.private, &mut warnings, &is_over);
        (packed, warnings)
    });
    let (packed, warnings) = packed.await.map_err(|_panicked| "this runner could not pack it".to_owned())?;
    for it in warnings {
        context.log.warning(&it);
    }
    let Some(Packed { file, bytes, .. }) = packed.map_err(|it: PackError| it.to_string())? else {
        return Ok(false);
    };
    cloud.keep_cache(name, file, bytes, end).await.map(|()| true)
}

fn names(context: &Context<'_>, cache: &Cache) -> CacheNames {
    CacheNames::of(cache, context.job, &context.host.short_token, &context.switches, &context.variables)
}

/// What people know a cache by.
fn key(name: &str) -> &str {
    name.splitn(5, '/').last().unwrap_or(name)
}
