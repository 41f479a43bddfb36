//! Files that are opened by way of a layer without a connection.
#![allow(unsafe_code)]

use std::ffi::{CString, c_int};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::{null, null_mut};

use rusqlite::ffi;

use crate::Refusal;

/// A write-ahead log that is open beside the connections that work with it, to be synced. It holds no lock.
pub struct OpenLog {
    /// Of the layer's own size and kind, aligned as SQLite does it.
    handle: Box<[u64]>,
    /// The layer may keep a pointer to it.
    _path: CString,
}

// SAFETY: a log is nobody's but its owner's, who alone calls the layer for it, and SQLite's layers bind no file to a thread.
unsafe impl Send for OpenLog {}

impl OpenLog {
    /// Opens one that is there, by way of the layer with this name or of the platform's default one.
    pub fn open(layer: Option<&str>, path: &Path) -> Result<OpenLog, Refusal> {
        let not_opened = Refusal::of(ffi::SQLITE_CANTOPEN);
        let layer = layer.map(CString::new).transpose().map_err(|_| not_opened)?;
        let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| not_opened)?;
        // SAFETY: SQLite looks for a layer by a C string, with null for its default; what it answers lives as long as the
        // process, as nothing unregisters layers.
        let vfs = unsafe { ffi::sqlite3_vfs_find(layer.as_ref().map_or(null(), |name| name.as_ptr())) };
        if vfs.is_null() {
            return Err(not_opened);
        }
        // SAFETY: just found, and never changed once it is registered.
        let size = unsafe { (*vfs).szOsFile };
        let handle = vec![0_u64; usize::try_from(size).unwrap_or(0).div_ceil(size_of::<u64>())].into_boxed_slice();
        let mut log = OpenLog { handle, _path: path };
        let flags = ffi::SQLITE_OPEN_READWRITE | ffi::SQLITE_OPEN_WAL;
        // SAFETY: the layer is called as SQLite would call it, with room for its handle, which does not move, and with a
        // path that lives as long as the handle.
        let code = unsafe {
            let open = (*vfs).xOpen.expect("every layer opens files");
            open(vfs, log._path.as_ptr(), log.file(), flags, null_mut())
        };
        match code {
            ffi::SQLITE_OK => Ok(log),
            code => Err(Refusal::of(code)),
        }
    }

    /// Brings to the disk what was written to the log by whomever before the call.
    pub fn sync(&mut self) -> Result<(), Refusal> {
        let file = self.file();
        // SAFETY: the file is open, and nobody else uses this handle.
        let code: c_int = unsafe {
            let sync = (*(*file).pMethods).xSync.expect("every file can be synced");
            sync(file, ffi::SQLITE_SYNC_NORMAL)
        };
        match code {
            ffi::SQLITE_OK => Ok(()),
            code => Err(Refusal::of(code)),
        }
    }

    fn file(&mut self) -> *mut ffi::sqlite3_file {
        self.handle.as_mut_ptr().cast()
    }
}

impl Drop for OpenLog {
    fn drop(&mut self) {
        let file = self.file();
        // SAFETY: a layer that has opened nothing has left null there, as the handle was all zeros; otherwise the file is
        // closed once.
        unsafe {
            if let Some(methods) = (*file).pMethods.as_ref() {
                methods.xClose.expect("every file can be closed")(file);
            }
        }
    }
}

impl std::fmt::Debug for OpenLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenLog").finish_non_exhaustive()
    }
}
