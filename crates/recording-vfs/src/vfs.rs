//! SQLite's table of functions on the file system: opening and deleting are written down, all the rest is passed on.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::{null, null_mut};
use std::sync::Arc;

use rusqlite::ffi;

use crate::file::{self, OpenFile};
use crate::journal::{Event, Journal};
use crate::recorder::Syncs;

/// What our functions find behind the table. Lives as long as the process.
struct Layer {
    below: *mut ffi::sqlite3_vfs,
    journal: Arc<Journal>,
    syncs: Syncs,
}

const JOURNALS: c_int = ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_WAL;
/// Files of which something can survive a restart.
const LASTING_FILES: c_int = ffi::SQLITE_OPEN_MAIN_DB | JOURNALS;

/// Puts a layer on top of the platform's default one.
pub(crate) fn register(name: &str, journal: Arc<Journal>, syncs: Syncs) {
    let name = CString::new(name).expect("names of layers have no zero in them");
    // SAFETY: with no name SQLite answers its default, which lives as long as the process.
    let below = unsafe { ffi::sqlite3_vfs_find(null()) };
    assert!(!below.is_null(), "SQLite comes with a layer for this platform");
    let layer = Box::leak(Box::new(Layer { below, journal, syncs }));
    // SAFETY: just found, and never changed once it is registered.
    let default = unsafe { *below };
    let table = Box::leak(Box::new(ffi::sqlite3_vfs {
        // Version 3 is about replacing system calls.
        iVersion: 2,
        szOsFile: file::size_above(default.szOsFile),
        mxPathname: default.mxPathname,
        pNext: null_mut(),
        zName: name.into_raw(),
        pAppData: std::ptr::from_mut(layer).cast(),
        xOpen: Some(open),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_pathname),
        xDlOpen: Some(dl_open),
        xDlError: Some(dl_error),
        xDlSym: Some(dl_sym),
        xDlClose: Some(dl_close),
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: Some(get_last_error),
        xCurrentTimeInt64: Some(current_time_int64),
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }));
    // SAFETY: the table and what it points to are leaked, so they outlive every connection.
    let code = unsafe { ffi::sqlite3_vfs_register(table, 0) };
    assert_eq!(code, ffi::SQLITE_OK, "a layer can be registered");
}

/// # Safety
/// `table` is one that `register` made.
unsafe fn layer<'a>(table: *mut ffi::sqlite3_vfs) -> &'a Layer {
    // SAFETY: `register` put a leaked `Layer` there, and nothing changes it.
    unsafe { &*(*table).pAppData.cast::<Layer>() }
}

/// # Safety
/// `path` is null or a C string.
unsafe fn path_of<'a>(path: *const c_char) -> Option<&'a Path> {
    if path.is_null() {
        return None;
    }
    // SAFETY: not null, so a C string that SQLite keeps during the call.
    let bytes = unsafe { CStr::from_ptr(path) }.to_bytes();
    Some(Path::new(std::ffi::OsStr::from_bytes(bytes)))
}

fn name_of(path: &Path) -> Option<Arc<str>> {
    Some(path.file_name()?.to_string_lossy().into())
}

unsafe extern "C" fn open(
    table: *mut ffi::sqlite3_vfs,
    path: ffi::sqlite3_filename,
    handle: *mut ffi::sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite calls with the table that it was given and with a path that is null or a C string.
    let (layer, path_given) = unsafe { (layer(table), path_of(path)) };
    let name = path_given.filter(|_| flags & LASTING_FILES != 0).and_then(name_of);
    if let (Some(path), Some(name)) = (path_given, &name) {
        layer.journal.found(name, || std::fs::read(path).ok());
    }
    // SAFETY: the handle has the room that `szOsFile` asked for, so there is room for the handle below after ours.
    let below = unsafe { file::below(handle) };
    // SAFETY: the layer below is called as SQLite would call it, with room for its own handle.
    let code = unsafe {
        (*below).pMethods = null();
        (*layer.below).xOpen.expect("every layer opens files")(layer.below, path, below, flags, flags_out)
    };
    // SQLite's layer for Unix syncs the folder with the first sync of a journal that it may have made.
    let syncs_folder = flags & JOURNALS != 0 && flags & ffi::SQLITE_OPEN_CREATE != 0;
    let opened = name.map(|name| OpenFile {
        name,
        journal: layer.journal.clone(),
        syncs: layer.syncs,
        syncs_folder: Cell::new(syncs_folder),
    });
    // SAFETY: `handle` is ours to fill, and the handle below was filled just now.
    unsafe { file::finish_open(handle, opened, code) }
}

unsafe extern "C" fn delete(table: *mut ffi::sqlite3_vfs, path: *const c_char, sync_folder: c_int) -> c_int {
    // SAFETY: SQLite calls with the table that it was given and with a path that is null or a C string.
    let (layer, path_given) = unsafe { (layer(table), path_of(path)) };
    // SAFETY: the layer below is called as SQLite would call it.
    let code = unsafe { (*layer.below).xDelete.expect("every layer deletes files")(layer.below, path, sync_folder) };
    if code == ffi::SQLITE_OK
        && let Some(file) = path_given.and_then(name_of)
    {
        layer.journal.push(Event::Deleted { file, is_durable: sync_folder != 0 });
    }
    code
}

/// Functions that are passed on as they are.
macro_rules! pass_on {
    ($($name:ident is $field:ident($($argument:ident: $type:ty),*) $(-> $answer:ty)?;)*) => {$(
        unsafe extern "C" fn $name(table: *mut ffi::sqlite3_vfs, $($argument: $type),*) $(-> $answer)? {
            // SAFETY: SQLite calls with the table that it was given; the layer below is called as SQLite would call it.
            unsafe {
                let below = layer(table).below;
                (*below).$field.expect("the default layer has all functions")(below, $($argument),*)
            }
        }
    )*};
}

/// A function of a library, without its type.
type Symbol = Option<unsafe extern "C" fn(*mut ffi::sqlite3_vfs, *mut c_void, *const c_char)>;

pass_on! {
    access is xAccess(path: *const c_char, flags: c_int, answer: *mut c_int) -> c_int;
    full_pathname is xFullPathname(path: *const c_char, size: c_int, answer: *mut c_char) -> c_int;
    dl_open is xDlOpen(path: *const c_char) -> *mut c_void;
    dl_error is xDlError(size: c_int, message: *mut c_char);
    dl_sym is xDlSym(library: *mut c_void, symbol: *const c_char) -> Symbol;
    dl_close is xDlClose(library: *mut c_void);
    randomness is xRandomness(size: c_int, answer: *mut c_char) -> c_int;
    sleep is xSleep(microseconds: c_int) -> c_int;
    current_time is xCurrentTime(answer: *mut f64) -> c_int;
    get_last_error is xGetLastError(size: c_int, answer: *mut c_char) -> c_int;
    current_time_int64 is xCurrentTimeInt64(answer: *mut ffi::sqlite3_int64) -> c_int;
}
