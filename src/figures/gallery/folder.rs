//! Figures of the gallery written to a folder, each with its data and its caption.

use super::{Entry, GALLERY, GalleryError};
use crate::figures::style::Theme;
use crate::figures::{FigureError, Formats, Size};
use crate::monitor::Monitor;
use crate::scenario::did_you_mean;
use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The place of the figures, and their looks.
pub struct Folder<'a> {
    /// The folder, which is created.
    pub path: &'a Path,
    /// Whether files that exist are replaced.
    pub replace: bool,
    /// The drawings.
    pub formats: &'a Formats,
    /// On paper; each figure's own if `None`.
    pub size: Option<Size>,
    /// Colours and zoom.
    pub theme: &'a Theme,
}

/// A figure that was written.
pub struct Written {
    /// Its name.
    pub name: &'static str,
    /// Its files without their extensions.
    pub path: PathBuf,
    /// The time that it took, in seconds.
    pub seconds: f64,
    /// Texts that lie over one another: faults of the figure, not of what it shows.
    pub faults: Vec<String>,
}

impl Written {
    /// The same for other programs.
    pub fn json(&self) -> serde_json::Value {
        let path = self.path.display().to_string();
        serde_json::json!({
            "figure": self.name, "path": path, "seconds": self.seconds, "faults": self.faults,
        })
    }
}

impl Display for Written {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:18}{:5.1} s   {}", self.name, self.seconds, self.path.display())
    }
}

/// Names and titles, one figure a line.
pub fn list(entries: &[&Entry]) -> String {
    entries.iter().map(|entry| format!("{:18}{}\n", entry.name, entry.title)).collect()
}

/// The figures of these names, in the order of the gallery; all for none.
pub fn named(names: &[String]) -> Result<Vec<&'static Entry>, GalleryError> {
    if let Some(unknown) = names.iter().find(|name| GALLERY.iter().all(|e| e.name != **name)) {
        let all: Vec<&str> = GALLERY.iter().map(|e| e.name).collect();
        return Err(GalleryError::Setting(format!(
            "figures: found \"{unknown}\"; allowed: {}{}",
            all.join(", "),
            did_you_mean(unknown, all.iter().copied())
        )));
    }
    let asked = |entry: &&Entry| names.is_empty() || names.iter().any(|name| name == entry.name);
    Ok(GALLERY.iter().filter(asked).collect())
}

/// Draws these figures with `settings`, keys of their scenarios set to other values, and says
/// `each` when its files are in the folder: `NAME.csv`, `NAME.tex` and the drawings. What is wrong
/// with the settings or the folder is said before anything is computed.
pub fn write(
    entries: &[&'static Entry],
    settings: &[String],
    folder: &Folder<'_>,
    monitor: &Monitor,
    mut each: impl FnMut(Written),
) -> Result<(), GalleryError> {
    let captions =
        entries.iter().map(|entry| entry.tex(settings)).collect::<Result<Vec<_>, _>>()?;
    let files = |place: &Path, entry: &Entry| -> Vec<PathBuf> {
        let drawings = folder.formats.0.iter().map(|format| format.extension());
        let all = drawings.chain(["csv", "tex"]);
        all.map(|extension| place.join(format!("{}.{extension}", entry.name))).collect()
    };
    let mut wanted = entries.iter().flat_map(|entry| files(folder.path, entry));
    if let Some(path) = wanted.find(|path| path.exists() && !folder.replace) {
        return Err(GalleryError::Setting(format!(
            "{}: exists already; give --force to replace it",
            path.display()
        )));
    }
    std::fs::create_dir_all(folder.path)
        .map_err(|e| GalleryError::Setting(format!("{}: {e}", folder.path.display())))?;
    // Every file is moved into place when it is complete.
    let work = Work(folder.path.join(format!(".figures.{}.tmp", std::process::id())));
    std::fs::create_dir(&work.0).map_err(|e| failed(&work.0, e))?;
    let count = entries.len() as f64;
    for (index, (entry, caption)) in entries.iter().zip(captions).enumerate() {
        let start = Instant::now();
        let part = monitor.part(index as f64 / count, (index + 1) as f64 / count);
        let caption_of_page = entry.caption(settings)?;
        let figure = entry.draw(settings, &part)?.described(entry.title, &caption_of_page);
        let figure = match folder.size {
            Some(size) => figure.resized(size),
            None => figure,
        };
        figure.save(&work.0, folder.theme, &folder.formats.0)?;
        let path = work.0.join(format!("{}.tex", entry.name));
        std::fs::write(&path, caption).map_err(|e| failed(&path, e))?;
        let faults = figure.overlaps(folder.theme);
        let faults =
            faults.map_err(|reason| FigureError::Drawing { name: entry.name.into(), reason })?;
        for (from, to) in files(&work.0, entry).into_iter().zip(files(folder.path, entry)) {
            std::fs::rename(&from, &to).map_err(|e| failed(&to, e))?;
        }
        let seconds = start.elapsed().as_secs_f64();
        each(Written { name: entry.name, path: folder.path.join(entry.name), seconds, faults });
    }
    Ok(())
}

fn failed(path: &Path, source: std::io::Error) -> FigureError {
    FigureError::Io { path: path.display().to_string(), source }
}

/// A folder that is gone when it is dropped.
struct Work(PathBuf);

impl Drop for Work {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
