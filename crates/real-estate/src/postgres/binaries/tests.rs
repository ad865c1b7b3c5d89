use super::*;

/// A folder of programs that say they are this version, and go with the test.
struct Fake(PathBuf);

impl Fake {
    fn new(test: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("mainstay-binaries-{test}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir.canonicalize().unwrap())
    }

    fn programs(&self, folder: &str, version: &str, names: &[&str]) -> PathBuf {
        let dir = self.0.join(folder);
        std::fs::create_dir_all(&dir).unwrap();
        for name in names {
            let program = dir.join(name);
            std::fs::write(&program, format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version} (Some 1)'\n"))
                .unwrap();
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        dir
    }

    fn present(
        &self,
        given: Option<&Path>,
        path: &[&Path],
    ) -> Result<Result<Binaries, Vec<String>>, PostgresError> {
        Binaries::present(given, &std::env::join_paths(path).unwrap(), &self.0)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn of_the_systems_packages_the_newest_is_taken() {
    let fake = Fake::new("newest");
    fake.programs("9/bin", "9.6", &PROGRAMS);
    fake.programs("15/bin", "15.18", &PROGRAMS);
    fake.programs("16/bin", "16.9", &PROGRAMS);
    let found = fake.present(None, &[]).unwrap().unwrap();
    assert_eq!((found.version(), found.origin()), ("16.9", Origin::System));
}

#[test]
fn path_comes_first_and_a_link_leads_to_the_whole() {
    let fake = Fake::new("link");
    fake.programs("16/bin", "16.9", &PROGRAMS);
    let whole = fake.programs("whole", "15.1", &PROGRAMS);
    let links = fake.0.join("links");
    std::fs::create_dir(&links).unwrap();
    std::os::unix::fs::symlink(whole.join("postgres"), links.join("postgres")).unwrap();
    let found = fake.present(None, &[&links]).unwrap().unwrap();
    assert_eq!((found.folder(), found.origin()), (whole.as_path(), Origin::Path));
}

#[test]
fn one_that_lacks_a_program_or_is_too_old_is_passed_over_and_said() {
    let fake = Fake::new("lacks");
    let server = fake.programs("server", "15.1", &["postgres", "initdb"]);
    let old = fake.programs("old", "12.3", &PROGRAMS);
    let looked = fake.present(None, &[&server, &old]).unwrap().unwrap_err().join("\n");
    assert!(looked.contains("there is no pg_basebackup") && looked.contains("12.3 is too old"), "{looked}");
}

#[test]
fn a_given_path_is_used_or_refused_but_never_replaced() {
    let fake = Fake::new("given");
    fake.programs("16/bin", "16.9", &PROGRAMS);
    let above = fake.0.join("16");
    assert_eq!(fake.present(Some(&above), &[]).unwrap().unwrap().origin(), Origin::Given);
    let refused = fake.present(Some(&fake.0.join("none")), &[]).unwrap_err();
    assert!(refused.to_string().contains("there is no postgres"), "{refused}");
}
