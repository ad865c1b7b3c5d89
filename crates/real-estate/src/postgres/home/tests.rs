use super::*;

fn folder(test: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("mainstay-home-{test}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

#[test]
fn a_folder_without_a_marker_is_not_touched() {
    let folder = folder("others");
    std::fs::create_dir_all(folder.join("mainstay-postgres-1")).unwrap();
    assert_eq!(sweep(&folder).unwrap(), Swept::Nothing);
    assert!(folder.join("mainstay-postgres-1").exists());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_home_that_lives_is_left_alone_and_goes_with_its_folder() {
    let folder = folder("lives");
    let home = Home::new(&folder, false).unwrap();
    assert!(home.path().starts_with(if has_room(Path::new(MEMORY)) { Path::new(MEMORY) } else { &folder }));
    assert_eq!(sweep(&folder).unwrap(), Swept::InUse);
    assert!(matches!(Home::new(&folder, false), Err(PostgresError::InUse(_))));
    assert!(home.path().is_dir());
    home.remove().unwrap();
    assert!(!home.path().exists() && !folder.exists());
}

#[test]
fn other_files_in_the_folder_stay() {
    let folder = folder("stay");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("report.html"), "theirs").unwrap();
    Home::new(&folder, false).unwrap().remove().unwrap();
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["report.html"]);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_marker_that_names_a_folder_which_does_not_name_it_back_removes_only_itself() {
    let folder = folder("forged");
    let victim = folder.join("mainstay-postgres-of-another");
    std::fs::create_dir_all(&victim).unwrap();
    std::fs::write(victim.join(OWNER), "/some/other/folder").unwrap();
    std::fs::write(folder.join(MARKER), victim.as_os_str().as_encoded_bytes()).unwrap();
    assert_eq!(sweep(&folder).unwrap(), Swept::Removed);
    assert!(victim.join(OWNER).exists() && !folder.join(MARKER).exists());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_home_behind_a_closed_door_is_made_among_temporary_files() {
    if Account::of_caller() == Account::Own {
        return; // An ordinary user's servers are its own: no door is closed to them.
    }
    let folder = folder("closed");
    std::fs::DirBuilder::new().mode(0o700).create(&folder).unwrap();
    let home = Home::new(&folder.join("run"), true).unwrap();
    assert!(!home.path().starts_with(&folder) && Account::Nobody.reaches(home.path().parent().unwrap()));
    home.remove().unwrap();
    assert!(!home.path().exists() && !folder.join("run").exists());
    std::fs::remove_dir(&folder).unwrap();
}
