//! A whole store as a folder: how its files are called, and what an import makes of them.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use crate::error::Detail;
use crate::error::Error;
use crate::error::Result;

use super::options::{ImportOptions, NodeFiles, RelationshipFiles};
use super::{Format, input};

/// What the names of tables of nodes begin with.
pub(super) const NODES: &str = "nodes";
/// What the names of tables of relationships begin with.
pub(super) const RELATIONSHIPS: &str = "relationships";
/// The name of a file that holds the whole graph, but for its extension.
pub(super) const GRAPH: &str = "graph";
/// The statements that make indexes and constraints.
pub(super) const SCHEMA: &str = "schema.cypher";

/// What the folders among the graphs of an import hold.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) graphs: Vec<(PathBuf, Option<&'static Format>)>,
    pub(super) nodes: Vec<NodeFiles>,
    pub(super) relationships: Vec<RelationshipFiles>,
    /// Scripts that make indexes and constraints.
    pub(super) schema: Vec<(PathBuf, String)>,
}

impl Contents {
    /// Everything that the options name, with the files of folders in their place.
    pub(super) fn of(options: &ImportOptions) -> Result<Self> {
        let mut all = Self::default();
        for (path, format) in &options.graphs {
            if path.is_dir() {
                all.add_folder(path)?;
            } else {
                all.graphs.push((path.clone(), *format));
            }
        }
        all.nodes.extend(options.nodes.iter().cloned());
        all.relationships.extend(options.relationships.iter().cloned());
        Ok(all)
    }

    fn add_folder(&mut self, folder: &Path) -> Result<()> {
        let failed = |error| input::failed("read", folder, error);
        let entries = fs::read_dir(folder).map_err(failed)?;
        let mut paths = entries
            .map(|entry| Ok(entry?.path()))
            .collect::<std::io::Result<Vec<_>>>()
            .map_err(failed)?;
        paths.sort();
        let before = self.files().count() + self.schema.len();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // What other programs leave beside their files: `.DS_Store`, `_SUCCESS`.
            if name.starts_with(['.', '_']) {
                continue;
            }
            self.add_file(path, &name)?;
        }
        if self.files().count() + self.schema.len() == before {
            let message =
                format!("there is nothing to import in the folder `{}`", folder.display());
            return Err(Error::usage(Detail::InvalidFile, message));
        }
        Ok(())
    }

    fn add_file(&mut self, path: PathBuf, name: &str) -> Result<()> {
        let format = Format::of(None, &path);
        let is = |kind: &str| {
            name.strip_prefix(kind).is_some_and(|rest| rest.starts_with(['-', '.', '_']))
        };
        if name == SCHEMA {
            let script = fs::read_to_string(&path);
            let script = script.map_err(|error| input::failed("read", &path, error))?;
            self.schema.push((path, script));
            return Ok(());
        }
        match format {
            Some(format) if format.tables.is_some() && is(NODES) => {
                self.nodes.push(NodeFiles::new([path]).format(format));
            }
            Some(format) if format.tables.is_some() && is(RELATIONSHIPS) => {
                self.relationships.push(RelationshipFiles::new([path]).format(format));
            }
            Some(format) if format.graph.is_some() => self.graphs.push((path, Some(format))),
            _ => {
                let message = format!("`{}` is no part of an exported graph", path.display());
                return Err(Error::usage(Detail::InvalidFile, message).help(format!(
                    "A folder has tables `{NODES}-….csv` and `{RELATIONSHIPS}-….csv`, graphs, and `{SCHEMA}`."
                )));
            }
        }
        Ok(())
    }

    /// All files of nodes and relationships.
    pub(super) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let nodes = self.nodes.iter().flat_map(|files| &files.files);
        let relationships = self.relationships.iter().flat_map(|files| &files.files);
        nodes.chain(relationships).chain(self.graphs.iter().map(|(file, _)| file))
    }
}
