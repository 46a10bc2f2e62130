//! The manifest of a checkpoint.

use std::{collections::BTreeMap, ops::Range, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use agilerl_storage::{Digest, StorageError};

use crate::error::HpoError;

/// The parts of a checkpoint with their digests: the content of `manifest.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the format.
    pub schema: u64,
    /// Versions of the programs that wrote it.
    pub versions: BTreeMap<String, String>,
    /// Generations done.
    pub generation: u64,
    /// Rounds done of the generation after those.
    pub round: usize,
    /// The files in the folder.
    pub files: BTreeMap<String, Digest>,
    /// The segments of the shared state, in order.
    pub segments: Vec<Segment>,
    /// Files in the folder of the run as they were then: the settings, and the logs up to that point.
    pub run_files: BTreeMap<String, Digest>,
}

/// A range of the items of the shared state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// Number of the first item.
    pub first: u64,
    /// Number of the last item, plus 1.
    pub end: u64,
    /// The digest of its file.
    pub digest: Digest,
}

impl Manifest {
    /// Version of the format that this build writes and reads.
    pub const SCHEMA: u64 = 3;

    /// Returns the content of `manifest.json`: a JSON object whose last field, `blake3`, is the digest of all bytes
    /// before that field. So a changed byte is found, and attributed to the manifest.
    ///
    /// ```
    /// use agilerl_hpo::{HpoError, Manifest};
    /// # let (files, segments, run_files) = Default::default();
    /// # let manifest = Manifest { schema: 3, versions: Default::default(), generation: 3, round: 0, files, segments, run_files };
    /// let mut bytes = manifest.to_bytes();
    /// assert_eq!(Manifest::parse(&bytes, "manifest.json".as_ref())?, manifest);
    /// bytes[10] ^= 1;
    /// assert!(matches!(Manifest::parse(&bytes, "manifest.json".as_ref()), Err(HpoError::Storage(_))));
    /// # Ok::<(), HpoError>(())
    /// ```
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a manifest has text keys only");
        bytes.truncate(bytes.len() - "\n}".len());
        let seal = seal(&bytes);
        bytes.extend(seal);
        bytes
    }

    /// Parses the content of a `manifest.json`.
    ///
    /// # Errors
    /// [`HpoError::NewerFormat`] or [`HpoError::OlderFormat`] if another version wrote it; [`StorageError::Changed`] if
    /// a byte of it has changed, or if it is invalid.
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, HpoError> {
        let changed = |what: String| HpoError::from(StorageError::Changed { path: path.to_owned(), what });
        let mut value: Value = serde_json::from_slice(bytes).map_err(|error| changed(error.to_string()))?;
        let schema = value.get("schema").and_then(Value::as_u64);
        // Format 1 had no digest of itself. Every later format ends in it, so a manifest of another version can be told
        // from a changed byte.
        if value.as_object_mut().and_then(|fields| fields.remove(SEAL)).is_some() || schema != Some(1) {
            let content = bytes.len().checked_sub(SEAL_LEN).map(|len| bytes.split_at(len));
            if content.is_none_or(|(content, end)| seal(content) != end) {
                return Err(changed("its digest of itself is another one".to_owned()));
            }
        }
        if let Some(found) = schema.filter(|&found| found != Self::SCHEMA) {
            let written_by = value.get("versions").map(Value::to_string).unwrap_or_default();
            let (path, known) = (path.to_owned(), Self::SCHEMA);
            return Err(if found > known {
                HpoError::NewerFormat { path, found, known, written_by }
            } else {
                HpoError::OlderFormat { path, found, known, written_by }
            });
        }
        let manifest: Self = serde_json::from_value(value).map_err(|error| changed(error.to_string()))?;
        // A name with a folder in it would lead to a file outside the checkpoint.
        if let Some(name) = manifest.files.keys().chain(manifest.run_files.keys()).find(|name| !is_plain(name)) {
            return Err(changed(format!("{name:?} is not a plain file name")));
        }
        let connected = manifest.segments.windows(2).all(|pair| pair[0].end == pair[1].first);
        if !connected || manifest.segments.iter().any(|segment| segment.first > segment.end) {
            return Err(changed("its segments do not follow each other".to_owned()));
        }
        Ok(manifest)
    }
}

const SEAL: &str = "blake3";
const SEAL_LEN: usize = ",\n  \"blake3\": \"\"\n}".len() + 2 * blake3::OUT_LEN;

/// Returns the end of a manifest: the digest of the content before it.
fn seal(content: &[u8]) -> Vec<u8> {
    format!(",\n  \"{SEAL}\": \"{}\"\n}}", blake3::hash(content).to_hex()).into_bytes()
}

impl Segment {
    pub(crate) fn file(&self) -> String {
        format!("{:012}-{:012}.rows", self.first, self.end)
    }

    /// Returns the items of the segment file of this name; none if it is another file.
    pub(crate) fn span(file: &str) -> Option<Range<u64>> {
        let (first, end) = file.strip_suffix(".rows")?.split_once('-')?;
        let span = first.parse().ok()?..end.parse().ok()?;
        let own = Self { first: span.start, end: span.end, digest: Digest::of(&[]) };
        (own.file() == file).then_some(span)
    }
}

/// Returns whether a name has no folder and only letters without a meaning in file systems.
fn is_plain(name: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    !name.is_empty() && !name.starts_with('.') && name.len() <= 100 && name.chars().all(plain)
}
