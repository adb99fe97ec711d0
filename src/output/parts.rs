//! Finished parts of a computation as files, each with a checksum, so that a file damaged by a
//! crash or a power failure is recognized and computed again.

use crate::monitor::Archive;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A state on the way is kept this often at most, and so seldom that keeping it takes a twentieth
/// of the time.
const PAUSE: Duration = Duration::from_secs(20);
const SHARE: u32 = 20;

/// The archive of one run directory.
#[derive(Debug)]
pub struct Parts {
    folder: PathBuf,
    /// When the last part was kept, and how long it took.
    last: Mutex<(Instant, Duration)>,
    failure: Mutex<Option<String>>,
}

impl Parts {
    pub(super) fn in_folder(folder: PathBuf) -> Parts {
        Parts {
            folder,
            last: Mutex::new((Instant::now(), Duration::ZERO)),
            failure: Mutex::new(None),
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.names().len()
    }

    /// Their names, in no order.
    pub fn names(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let name = |entry: fs::DirEntry| {
            entry.file_name().to_str()?.strip_suffix(".part").map(str::to_string)
        };
        entries.flatten().filter_map(name).collect()
    }

    /// Why a part could not be kept, the first time.
    pub fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(|e| e.into_inner()).clone()
    }

    /// The path of a file that is too large for a part, until it is part of the run.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn path(&self, name: &str, ending: &str) -> PathBuf {
        self.folder.join(format!("{name}.{ending}"))
    }
}

impl Archive for Parts {
    fn read(&self, name: &str) -> Option<Box<dyn Read>> {
        let mut file = File::open(self.path(name, "part")).ok()?;
        let length = file.metadata().ok()?.len().checked_sub(size_of::<u32>() as u64)?;
        let mut sum = Checksum::new(io::sink());
        io::copy(&mut BufReader::with_capacity(1 << 16, (&file).take(length)), &mut sum).ok()?;
        let mut written = [0; size_of::<u32>()];
        file.read_exact(&mut written).ok()?;
        file.rewind().ok()?;
        (written == sum.value().to_le_bytes())
            .then(|| Box::new(BufReader::with_capacity(1 << 16, file.take(length))) as _)
    }

    fn write(&self, name: &str, content: &dyn Fn(&mut dyn Write) -> io::Result<()>) {
        let start = Instant::now();
        let (draft, path) = (self.path(name, "draft"), self.path(name, "part"));
        let written = File::create(&draft).and_then(|file| {
            let mut sum = Checksum::new(file);
            // Sums and writes in pieces.
            let mut buffered = BufWriter::with_capacity(1 << 16, &mut sum);
            content(&mut buffered)?;
            buffered.flush()?;
            drop(buffered);
            let value = sum.value().to_le_bytes();
            sum.to.write_all(&value)?;
            fs::rename(&draft, &path)
        });
        if let Err(error) = written {
            let _ = fs::remove_file(&draft);
            self.failure
                .lock()
                .unwrap_or_else(|e| e.into_inner())
                .get_or_insert(format!("{}: {error}", path.display()));
        }
        *self.last.lock().unwrap_or_else(|e| e.into_inner()) = (Instant::now(), start.elapsed());
    }

    fn is_due(&self) -> bool {
        let (when, took) = *self.last.lock().unwrap_or_else(|e| e.into_inner());
        when.elapsed() >= PAUSE.max(SHARE * took)
    }
}

/// The CRC-32 of the bytes that pass.
pub struct Checksum<W> {
    to: W,
    sum: crc32fast::Hasher,
}

impl<W> Checksum<W> {
    /// The checksum of no bytes yet.
    pub fn new(to: W) -> Checksum<W> {
        Checksum { to, sum: crc32fast::Hasher::new() }
    }

    /// The checksum of all bytes so far.
    pub fn value(&self) -> u32 {
        self.sum.clone().finalize()
    }
}

impl<W: Write> Write for Checksum<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.to.write(bytes)?;
        self.sum.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_with_a_changed_byte_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let parts = Parts::in_folder(folder.path().into());
        parts.write("a", &|to| to.write_all(&[7; 1000]));
        let mut content = Vec::new();
        parts.read("a").expect("it is there").read_to_end(&mut content).unwrap();
        assert_eq!((content, parts.count()), (vec![7; 1000], 1));
        let path = folder.path().join("a.part");
        let mut bytes = fs::read(&path).unwrap();
        bytes[500] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(parts.read("a").is_none());
        // Zeros of the right length, as a power failure can leave them.
        fs::write(&path, vec![0; bytes.len()]).unwrap();
        assert!(parts.read("a").is_none());
        assert!(parts.failure().is_none());
        Parts::in_folder("/nowhere".into()).write("a", &|_| Ok(()));
    }
}
