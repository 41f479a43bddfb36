//! `--deploy DIR`: the files of a folder as one deployment, made anew only where one of them has changed.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use runtime::{DuplicateFiltering, NewDeployment, NewResource, Runtime};

/// Folders within the folder are followed to this depth; deeper ones are refused, as links may go in circles.
const DEPTH_MAX: usize = 16;
const FILES_MAX: usize = 10_000;

pub async fn deploy(runtime: &Runtime, folder: &Path) -> Result<()> {
    let mut resources = Vec::new();
    collect(folder, folder, 0, &mut resources)?;
    resources.sort_by(|a: &NewResource, b| a.name.cmp(&b.name));
    ensure!(!resources.is_empty(), "nothing to deploy in {}", folder.display());
    let name = folder.file_name().map_or_else(|| "deploy".to_owned(), |name| name.to_string_lossy().into_owned());
    let deployment = NewDeployment {
        name: Some(name.into()),
        source: Some("camlock --deploy".into()),
        tenant_id: None,
        resources,
        duplicate_filtering: DuplicateFiltering::ChangedOnly,
        activate_at: None,
    };
    runtime.deploy(deployment).await.with_context(|| format!("cannot deploy {}", folder.display()))?;
    Ok(())
}

/// Hidden files are left out. Names are relative to the folder, with `/`.
fn collect(root: &Path, folder: &Path, depth: usize, found: &mut Vec<NewResource>) -> Result<()> {
    ensure!(depth <= DEPTH_MAX, "folders nested deeper than {DEPTH_MAX} in {}", root.display());
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.strip_prefix(root).expect("an entry of a folder below root");
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, depth + 1, found)?;
            continue;
        }
        ensure!(found.len() < FILES_MAX, "more than {FILES_MAX} files in {}", root.display());
        let name = name.to_str().with_context(|| format!("{} is no UTF-8 name", path.display()))?;
        let contents = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        found.push(NewResource { name: name.into(), contents: Arc::from(contents) });
    }
    Ok(())
}
