//! A sync that SQLite itself would not make.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::ptr::null_mut;

use rusqlite::{Connection, ffi};

use crate::Refusal;

/// Brings to the disk what was written to the main database of a connection, by whichever connection, before the call.
pub fn sync_database(connection: &Connection) -> Result<(), Refusal> {
    let mut file: *mut ffi::sqlite3_file = null_mut();
    // SAFETY: the connection is open and, as it cannot be shared between threads, idle. SQLite answers with its file,
    // which lives as long as the connection.
    let code: c_int = unsafe {
        let answer = (&raw mut file).cast();
        ffi::sqlite3_file_control(connection.handle(), c"main".as_ptr(), ffi::SQLITE_FCNTL_FILE_POINTER, answer)
    };
    if code != ffi::SQLITE_OK || file.is_null() {
        return Err(Refusal::of(if code == ffi::SQLITE_OK { ffi::SQLITE_IOERR } else { code }));
    }
    // SAFETY: as above; a file without functions is one that was not opened, as that of a database in memory.
    let code = unsafe {
        match (*file).pMethods.as_ref() {
            Some(methods) => methods.xSync.expect("every file can be synced")(file, ffi::SQLITE_SYNC_NORMAL),
            None => ffi::SQLITE_OK,
        }
    };
    match code {
        ffi::SQLITE_OK => Ok(()),
        code => Err(Refusal::of(code)),
    }
}
