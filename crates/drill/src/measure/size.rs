//! How large a function is, as it is and as it is deployed.

use crate::{artifacts::Build, error::DrillError};
use flate2::{Compression, write::DeflateEncoder};
use std::{
    io::{self, Write},
    path::Path,
};

/// What a zip with the one file `bootstrap` holds beside its compressed bytes: two headers with the name, and the end.
const ZIP_FRAME: u64 = 30 + 46 + 22 + 2 * "bootstrap".len() as u64;

/// Bytes of a binary, and of the zip that is uploaded; none for a build that nobody deploys.
pub(super) fn of(binary: &Path, build: Build) -> Result<(u64, Option<u64>), DrillError> {
    let failed = |e| DrillError::NotReady(format!("{}: {e}", binary.display()));
    let bytes = std::fs::read(binary).map_err(failed)?;
    let zip = (build == Build::Release).then(|| deflated(&bytes).map_err(failed)).transpose()?;
    Ok((u64::try_from(bytes.len()).unwrap_or(u64::MAX), zip.map(|bytes| bytes + ZIP_FRAME)))
}

fn deflated(bytes: &[u8]) -> io::Result<u64> {
    let mut encoder = DeflateEncoder::new(Counted(0), Compression::default());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.0)
}

/// Keeps nothing but the number of bytes.
struct Counted(u64);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += u64::try_from(bytes.len()).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_is_compressed_and_only_a_release_has_a_zip() {
        let path = std::env::temp_dir().join(format!("mainstay-size-{}", std::process::id()));
        std::fs::write(&path, vec![7; 1_000_000]).unwrap();
        let (size, zip) = of(&path, Build::Release).unwrap();
        assert_eq!(size, 1_000_000);
        assert!((ZIP_FRAME + 100..5_000).contains(&zip.unwrap()), "{zip:?}");
        assert_eq!(of(&path, Build::Dev).unwrap(), (1_000_000, None));
        std::fs::remove_file(path).unwrap();
    }
}
