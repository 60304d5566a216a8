//! Real data sets, read where they lie; they are never part of the project.

use std::path::PathBuf;

/// The folder of a data set, or nothing, said aloud. `TRIBUTARY_DATA` names the folder of all of them.
pub fn folder(name: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("TRIBUTARY_DATA").map(PathBuf::from) else {
        eprintln!("SKIPPED: TRIBUTARY_DATA does not say where the data set {name} is");
        return None;
    };
    let folder = root.join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: the data set {name} is not in {}; set TRIBUTARY_DATA to where it is", root.display());
    None
}
