//! The probe's file, read while it grows.

use crate::error::DrillError;
use felt::Attempt;
use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

/// A probe's file, and what of it was read.
#[derive(Debug)]
pub struct ProbeFile {
    path: PathBuf,
    file: File,
    /// The begin of a line whose end is not written yet.
    rest: Vec<u8>,
    /// Every attempt that was read, in the order in which they ended.
    pub attempts: Vec<Attempt>,
}

impl ProbeFile {
    /// Opens the file; nothing is read yet.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, DrillError> {
        let file = File::open(path).map_err(|source| DrillError::File { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), file, rest: Vec::new(), attempts: Vec::new() })
    }

    /// Reads what was added since the last time.
    ///
    /// # Errors
    /// When the file cannot be read, or a whole line of it is no attempt.
    pub fn read_on(&mut self) -> Result<(), DrillError> {
        let wrong = |source| DrillError::File { path: self.path.clone(), source };
        self.file.read_to_end(&mut self.rest).map_err(wrong)?;
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else { return Ok(()) };
        let rest = self.rest.split_off(end + 1);
        let whole = std::mem::replace(&mut self.rest, rest);
        let text = String::from_utf8_lossy(&whole);
        self.attempts.extend(felt::read_lines(&text).map_err(|e| DrillError::Real(e.to_string()))?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn each_reading_adds_the_lines_that_are_whole_by_then() {
        let folder =
            crate::run_folder::RunFolder::fresh(&std::env::temp_dir().join("mainstay-probe-file")).unwrap();
        let path = folder.path().join("attempts.jsonl");
        let mut file = File::create(&path).unwrap();
        let mut record = ProbeFile::open(&path).unwrap();
        let line = |n: u64| {
            format!(
                r#"{{"service":"a","n":{n},"sent_us":1795521600000000,"took_us":9,"answer":"timed-out"}}"#
            )
        };
        let numbers = |record: &mut ProbeFile| {
            record.read_on().unwrap();
            record.attempts.iter().map(|a| a.n).collect::<Vec<_>>()
        };
        assert!(numbers(&mut record).is_empty());
        let second = line(2);
        write!(file, "{}\n{}", line(1), &second[..20]).unwrap();
        assert_eq!(numbers(&mut record), [1]);
        write!(file, "{}\n{}\n", &second[20..], line(3)).unwrap();
        assert_eq!(numbers(&mut record), [1, 2, 3]);
        writeln!(file, "no attempt").unwrap();
        assert!(record.read_on().unwrap_err().to_string().contains("no attempt"));
    }
}
