//! SQLite's table of functions on the file system: a layer sees openings and deletions, all the rest is passed on.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::{null, null_mut};

use rusqlite::ffi;

use crate::handle;
use crate::{FileKind, Layer, Opening};

/// What our functions find behind the table. Lives as long as the process.
struct Registered<L> {
    below: *mut ffi::sqlite3_vfs,
    layer: L,
}

/// Puts a layer on top of the one with this name, or of the platform's default one. Connections are opened with `name`.
/// It stays for the rest of the process. Nothing is registered if there is no layer to put it on.
pub fn register<L: Layer>(name: &str, above: Option<&str>, layer: L) -> bool {
    let name = CString::new(name).expect("names of layers have no zero in them");
    let above = above.map(|name| CString::new(name).expect("names of layers have no zero in them"));
    // SAFETY: SQLite looks for a layer by a C string, with null for its default; what it answers lives as long as the
    // process, as nothing unregisters layers.
    let below = unsafe { ffi::sqlite3_vfs_find(above.as_ref().map_or(null(), |name| name.as_ptr())) };
    if below.is_null() {
        return false;
    }
    let registered = Box::leak(Box::new(Registered { below, layer }));
    // SAFETY: just found, and never changed once it is registered.
    let found = unsafe { *below };
    let table = Box::leak(Box::new(ffi::sqlite3_vfs {
        // Version 3 is about replacing system calls.
        iVersion: 2,
        szOsFile: handle::size_above(found.szOsFile),
        mxPathname: found.mxPathname,
        pNext: null_mut(),
        zName: name.into_raw(),
        pAppData: std::ptr::from_mut(registered).cast(),
        xOpen: Some(open::<L>),
        xDelete: Some(delete::<L>),
        xAccess: Some(access::<L>),
        xFullPathname: Some(full_pathname::<L>),
        xDlOpen: Some(dl_open::<L>),
        xDlError: Some(dl_error::<L>),
        xDlSym: Some(dl_sym::<L>),
        xDlClose: Some(dl_close::<L>),
        xRandomness: Some(randomness::<L>),
        xSleep: Some(sleep::<L>),
        xCurrentTime: Some(current_time::<L>),
        xGetLastError: Some(get_last_error::<L>),
        xCurrentTimeInt64: Some(current_time_int64::<L>),
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }));
    // SAFETY: the table and what it points to are leaked, so they outlive every connection.
    let code = unsafe { ffi::sqlite3_vfs_register(table, 0) };
    code == ffi::SQLITE_OK
}

/// # Safety
/// `table` is one that `register` made for this type of layer.
unsafe fn registered<'a, L>(table: *mut ffi::sqlite3_vfs) -> &'a Registered<L> {
    // SAFETY: `register` put a leaked `Registered<L>` there, and nothing changes it.
    unsafe { &*(*table).pAppData.cast::<Registered<L>>() }
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

fn opening(flags: c_int) -> Option<Opening> {
    let kind = if flags & ffi::SQLITE_OPEN_MAIN_DB != 0 {
        FileKind::Database
    } else if flags & ffi::SQLITE_OPEN_WAL != 0 {
        FileKind::WriteAheadLog
    } else if flags & ffi::SQLITE_OPEN_MAIN_JOURNAL != 0 {
        FileKind::RollbackJournal
    } else {
        return None;
    };
    Some(Opening { kind, may_create: flags & ffi::SQLITE_OPEN_CREATE != 0 })
}

unsafe extern "C" fn open<L: Layer>(
    table: *mut ffi::sqlite3_vfs,
    path: ffi::sqlite3_filename,
    handle: *mut ffi::sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite calls with the table that it was given and with a path that is null or a C string.
    let (registered, path_given) = unsafe { (registered::<L>(table), path_of(path)) };
    let file = path_given.zip(opening(flags)).and_then(|(path, opening)| registered.layer.open(path, opening));
    // SAFETY: the handle has the room that `szOsFile` asked for, so there is room for the handle below after ours.
    let below = unsafe { handle::below(handle) };
    // SAFETY: the layer below is called as SQLite would call it, with room for its own handle.
    let code = unsafe {
        (*below).pMethods = null();
        (*registered.below).xOpen.expect("every layer opens files")(registered.below, path, below, flags, flags_out)
    };
    // SAFETY: `handle` is ours to fill, and the handle below was filled just now.
    unsafe { handle::finish_open::<L::File>(handle, file, code) }
}

unsafe extern "C" fn delete<L: Layer>(table: *mut ffi::sqlite3_vfs, path: *const c_char, sync_folder: c_int) -> c_int {
    // SAFETY: SQLite calls with the table that it was given and with a path that is null or a C string.
    let (registered, path_given) = unsafe { (registered::<L>(table), path_of(path)) };
    let below = registered.below;
    // SAFETY: the layer below is called as SQLite would call it.
    let code = unsafe { (*below).xDelete.expect("every layer deletes files")(below, path, sync_folder) };
    if code == ffi::SQLITE_OK
        && let Some(path) = path_given
    {
        registered.layer.deleted(path, sync_folder != 0);
    }
    code
}

/// Functions that are passed on as they are.
macro_rules! pass_on {
    ($($name:ident is $field:ident($($argument:ident: $type:ty),*) $(-> $answer:ty)?;)*) => {$(
        unsafe extern "C" fn $name<L: Layer>(table: *mut ffi::sqlite3_vfs, $($argument: $type),*) $(-> $answer)? {
            // SAFETY: SQLite calls with the table that it was given; the layer below is called as SQLite would call it.
            unsafe {
                let below = registered::<L>(table).below;
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
