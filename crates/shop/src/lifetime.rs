//! When a task ends: told to by SIGTERM, as ECS does it, or when whoever started it is gone.

use std::io::{self, Read as _};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Comes when SIGTERM arrives or standard input closes. From here on SIGTERM no longer kills the process.
pub fn end() -> io::Result<impl Future<Output = ()>> {
    let mut told = signal(SignalKind::terminate())?;
    let (gone, left) = oneshot::channel();
    // A thread of its own: Tokio's would keep the process from ending while it reads.
    std::thread::spawn(move || {
        let mut ignored = [0; 64];
        while io::stdin().read(&mut ignored).is_ok_and(|read| read > 0) {}
        // It is ending already when nobody listens.
        let _ = gone.send(());
    });
    Ok(async move {
        tokio::select! {
            _ = told.recv() => {}
            _ = left => {}
        }
    })
}
