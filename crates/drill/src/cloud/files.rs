//! The Python side of the local cloud, carried in the binary.

use std::path::Path;

use super::CloudError;

/// The pinned requirements of the local cloud's Python environment.
pub(super) const REQUIREMENTS: &str = include_str!("../../local_cloud/requirements.txt");

/// Path in the run folder, and text.
const FILES: [(&str, &str); 19] = [
    ("hook.py", include_str!("../../local_cloud/hook.py")),
    ("deploy.py", include_str!("../../local_cloud/deploy.py")),
    ("mainstay_hooks/__init__.py", include_str!("../../local_cloud/mainstay_hooks/__init__.py")),
    ("mainstay_hooks/alarm_events.py", include_str!("../../local_cloud/mainstay_hooks/alarm_events.py")),
    ("mainstay_hooks/alarms.py", include_str!("../../local_cloud/mainstay_hooks/alarms.py")),
    ("mainstay_hooks/emf.py", include_str!("../../local_cloud/mainstay_hooks/emf.py")),
    ("mainstay_hooks/events.py", include_str!("../../local_cloud/mainstay_hooks/events.py")),
    ("mainstay_hooks/executions.py", include_str!("../../local_cloud/mainstay_hooks/executions.py")),
    ("mainstay_hooks/invocations.py", include_str!("../../local_cloud/mainstay_hooks/invocations.py")),
    ("mainstay_hooks/lifeline.py", include_str!("../../local_cloud/mainstay_hooks/lifeline.py")),
    ("mainstay_hooks/metric_lines.py", include_str!("../../local_cloud/mainstay_hooks/metric_lines.py")),
    ("mainstay_hooks/metric_math.py", include_str!("../../local_cloud/mainstay_hooks/metric_math.py")),
    ("mainstay_hooks/metrics.py", include_str!("../../local_cloud/mainstay_hooks/metrics.py")),
    ("mainstay_hooks/mutes.py", include_str!("../../local_cloud/mainstay_hooks/mutes.py")),
    ("mainstay_hooks/schedules.py", include_str!("../../local_cloud/mainstay_hooks/schedules.py")),
    ("mainstay_hooks/streams.py", include_str!("../../local_cloud/mainstay_hooks/streams.py")),
    ("mainstay_hooks/templates.py", include_str!("../../local_cloud/mainstay_hooks/templates.py")),
    ("mainstay_hooks/verdict.py", include_str!("../../local_cloud/mainstay_hooks/verdict.py")),
    ("requirements.txt", REQUIREMENTS),
];

/// Writes the files into `dir`, so that a drill needs no source tree and two runs share nothing.
pub(super) fn write(dir: &Path) -> Result<(), CloudError> {
    for (name, text) in FILES {
        let path = dir.join(name);
        let folder = |source| CloudError::Folder { path: path.clone(), source };
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(folder)?;
        }
        std::fs::write(&path, text).map_err(folder)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::FILES;

    /// A hook that is forgotten here would be missing from an installed drill only.
    #[test]
    fn every_python_file_is_carried() {
        let home = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("local_cloud");
        let mut there = vec!["requirements.txt".to_owned()];
        for (folder, prefix) in [(home.clone(), ""), (home.join("mainstay_hooks"), "mainstay_hooks/")] {
            for entry in std::fs::read_dir(folder).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                if std::path::Path::new(&name).extension().is_some_and(|e| e == "py") {
                    there.push(format!("{prefix}{name}"));
                }
            }
        }
        there.sort();
        let mut carried: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        carried.sort_unstable();
        assert_eq!(there, carried);
    }
}
