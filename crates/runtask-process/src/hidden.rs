//! Hides what this process holds from others of the same user.

/// Keeps programs that we start, which have our user's rights, from reading our environment and memory, where keys and
/// tokens are. To be called first thing in `main`.
///
/// On Linux, by making the process not dumpable: that holds for itself alone, until its end. Whoever has `CAP_SYS_PTRACE`,
/// or for the environment `CAP_PERFMON`, reads it all the same; root has both outside of containers. There are no core
/// dumps then, and only root can attach a debugger. Elsewhere it does nothing.
pub fn hide_from_others() {
    #[cfg(target_os = "linux")]
    // Where the system refuses, it is as it would be without.
    let _refused = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Whether others of the same user are kept from reading our environment and memory, by [`hide_from_others`] or because our
/// program is a file that may be run and not read. For root it cannot be told, and is `false`.
///
/// Source: proc(5): files of a process that is not dumpable belong to root.
#[must_use]
pub fn is_hidden_from_others() -> bool {
    use std::os::unix::fs::MetadataExt;
    let own = rustix::process::getuid().as_raw();
    std::fs::metadata("/proc/self/environ").is_ok_and(|it| it.uid() != own)
}
