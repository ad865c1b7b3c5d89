//! moto as a process of this test.

use crate::stand::Trouble;
use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};
use venv::Environment;

/// A running moto. It ends when this is dropped, and also when this process ends in any other way.
pub(crate) struct Moto {
    child: Child,
    port: u16,
}

impl Moto {
    /// Makes its Python environment if it isn't there, and starts it. The error says what to do without a network.
    pub(crate) fn start(root: &Path) -> Result<Self, Trouble> {
        let environment = Environment::ensure("moto", include_str!("requirements.txt"), root)
            .map_err(|error| format!("moto needs a Python environment: {error}"))?;
        let mut child = Command::new(environment.python())
            .args(["-c", include_str!("moto_server.py")])
            .env_clear()
            // Hundreds of machine images that no call here asks for.
            .env("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line)?;
        }
        if let Ok(port) = line.trim().parse() {
            return Ok(Self { child, port });
        }
        let _ = child.kill();
        let status = child.wait()?;
        let (python, folder) = (environment.python(), environment.dir());
        Err(format!(
            "moto ended before it was ready ({status}). Run `{} -c 'import moto.server'` to see why, or remove the \
             folder {} to have it made anew.",
            python.display(),
            folder.display()
        )
        .into())
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
