//! Errors of a run directory.

use std::io::Error;
use std::path::{Path, PathBuf};

/// Why a run directory could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// There is something already.
    #[error("{}: exists already; give --force to replace a run there", .0.display())]
    Exists(PathBuf),
    /// It is not a run directory, so it is never replaced.
    #[error("{}: is not a run directory of flipchain (it has no summary.json of one), so it is not replaced", .0.display())]
    Foreign(PathBuf),
    /// It has files that the program did not write where it would write its own.
    #[error("{}: flipchain did not write {names}, which would stand in the way of a file of the run, so nothing is replaced; move it away, or give another directory", place.display())]
    InTheWay {
        /// The run directory.
        place: PathBuf,
        /// The files.
        names: String,
    },
    /// A file stands where a folder should be.
    #[error("{}: cannot be made, because {} is a file", place.display(), file.display())]
    FileAbove {
        /// The run directory.
        place: PathBuf,
        /// The file.
        file: PathBuf,
    },
    /// The hidden directory's name is taken.
    #[error("{}: has {name}, which flipchain did not write; it keeps the parts of a run in a directory of this name, so move yours away", partial.display())]
    Taken {
        /// The hidden directory.
        partial: PathBuf,
        /// The file or folder.
        name: String,
    },
    /// It can be a run directory but not be renamed.
    #[error("{}: is a symbolic link or has no name of its own, so it is not replaced; give the run directory itself", .0.display())]
    Indirect(PathBuf),
    /// Another process is at work.
    #[error("{}: another flipchain is writing this run directory; wait for its end, or give another directory", .0.display())]
    Busy(PathBuf),
    /// There is something to go on from.
    #[error("{}: a run that was ended has kept what it finished; give --resume to go on, or --force to start over", .0.display())]
    Kept(PathBuf),
    /// It is from something else.
    #[error("{}: the run that was ended is not the one asked for: {difference}; allowed: the same as before, or --force to start over", place.display())]
    Changed {
        /// The run directory.
        place: PathBuf,
        /// The two values, in words.
        difference: String,
    },
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
}

pub(super) fn at(path: &Path) -> impl FnOnce(Error) -> OutputError + '_ {
    |source| OutputError::Io { path: path.to_path_buf(), source }
}
