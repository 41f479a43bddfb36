//! SQLite's table of functions on an open file: writes, truncations and syncs are written down, all the rest is passed on.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr::null;
use std::sync::Arc;

use rusqlite::ffi;

use crate::journal::{Event, Journal};
use crate::recorder::Syncs;

/// What is recorded of a file. Temporary files have none.
pub(crate) struct OpenFile {
    pub name: Arc<str>,
    pub journal: Arc<Journal>,
    pub syncs: Syncs,
    /// Whether the next sync is of the folder, too.
    pub syncs_folder: Cell<bool>,
}

/// What SQLite takes for a `sqlite3_file`. The handle of the layer below lies right behind it, in the same allocation,
/// which SQLite makes and which is aligned for both.
#[repr(C)]
struct Handle {
    methods: *const ffi::sqlite3_io_methods,
    /// From `Box::into_raw`, or null for a file that is not recorded.
    recorded: *mut OpenFile,
}

/// Room for our handle and one of `below` bytes.
pub(crate) fn size_above(below: c_int) -> c_int {
    size_of::<Handle>() as c_int + below
}

/// The handle of the layer below.
///
/// # Safety
/// `handle` points to an allocation of at least `size_above` bytes.
pub(crate) unsafe fn below(handle: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: stays within the allocation.
    unsafe { handle.cast::<Handle>().add(1).cast() }
}

/// Fills a handle after the layer below has opened its own, with `code`.
///
/// # Safety
/// `handle` points to `size_above` bytes, and the layer below has filled its part.
pub(crate) unsafe fn finish_open(handle: *mut ffi::sqlite3_file, opened: Option<OpenFile>, code: c_int) -> c_int {
    // SAFETY: `handle` has the room; SQLite has opened nothing in it before, so nothing is forgotten by writing.
    unsafe {
        let below = below(handle);
        let mut filled = Handle { methods: null(), recorded: std::ptr::null_mut() };
        if code == ffi::SQLITE_OK {
            filled.methods = &raw const METHODS;
            filled.recorded = opened.map_or(std::ptr::null_mut(), |opened| Box::into_raw(Box::new(opened)));
        } else if !(*below).pMethods.is_null() {
            // A layer may want to be closed after a failure; ours does not, so SQLite will not do it.
            (*(*below).pMethods).xClose.expect("every file can be closed")(below);
        }
        handle.cast::<Handle>().write(filled);
    }
    code
}

/// # Safety
/// `handle` was filled by `finish_open` and is not closed.
unsafe fn recorded<'a>(handle: *mut ffi::sqlite3_file) -> Option<&'a OpenFile> {
    // SAFETY: null, or boxed by `finish_open`; it is dropped by `close` only, after which SQLite calls no more.
    unsafe { (*handle.cast::<Handle>()).recorded.as_ref() }
}

/// Version 2 has shared memory, which the write-ahead log needs, but no memory-mapped content.
static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

unsafe extern "C" fn close(handle: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once and uses it no more; the box is the one of `finish_open`.
    unsafe {
        let recorded = std::mem::replace(&mut (*handle.cast::<Handle>()).recorded, std::ptr::null_mut());
        if !recorded.is_null() {
            drop(Box::from_raw(recorded));
        }
        let below = below(handle);
        (*(*below).pMethods).xClose.expect("every file can be closed")(below)
    }
}

unsafe extern "C" fn write(handle: *mut ffi::sqlite3_file, content: *const c_void, size: c_int, offset: i64) -> c_int {
    // SAFETY: SQLite calls with an open file and `size` bytes at `content`; the layer below gets what SQLite gave.
    let (code, recorded, bytes) = unsafe {
        let below = below(handle);
        let code = (*(*below).pMethods).xWrite.expect("every file can be written")(below, content, size, offset);
        (code, recorded(handle), std::slice::from_raw_parts(content.cast::<u8>(), size as usize))
    };
    if let Some(OpenFile { name, journal, .. }) = recorded
        && code == ffi::SQLITE_OK
    {
        journal.push(Event::Written { file: name.clone(), offset: offset as u64, bytes: bytes.into() });
    }
    code
}

unsafe extern "C" fn truncate(handle: *mut ffi::sqlite3_file, size: i64) -> c_int {
    // SAFETY: SQLite calls with an open file; the layer below gets what SQLite gave.
    let (code, recorded) = unsafe {
        let below = below(handle);
        let code = (*(*below).pMethods).xTruncate.expect("every file can be truncated")(below, size);
        (code, recorded(handle))
    };
    if let Some(OpenFile { name, journal, .. }) = recorded
        && code == ffi::SQLITE_OK
    {
        journal.push(Event::Truncated { file: name.clone(), size: size as u64 });
    }
    code
}

unsafe extern "C" fn sync(handle: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: SQLite calls with an open file.
    let (below, recorded) = unsafe { (below(handle), recorded(handle)) };
    let is_dropped = recorded.is_some_and(|file| match file.syncs {
        Syncs::Done => false,
        Syncs::Dropped { name_end } => file.name.ends_with(name_end),
    });
    // What is written while the sync is under way may come too late for it.
    let count = recorded.map_or(0, |file| file.journal.len());
    let code = if is_dropped {
        ffi::SQLITE_OK
    } else {
        // SAFETY: the layer below gets what SQLite gave.
        unsafe { (*(*below).pMethods).xSync.expect("every file can be synced")(below, flags) }
    };
    if let Some(OpenFile { name, journal, syncs_folder, .. }) = recorded
        && code == ffi::SQLITE_OK
    {
        let covered = if is_dropped { 0 } else { count };
        let deletions_covered = if syncs_folder.replace(false) { count } else { 0 };
        journal.push(Event::Synced { file: name.clone(), covered, deletions_covered });
    }
    code
}

/// Functions that are passed on as they are.
macro_rules! pass_on {
    ($($name:ident is $field:ident($($argument:ident: $type:ty),*) $(-> $answer:ty)?;)*) => {$(
        unsafe extern "C" fn $name(handle: *mut ffi::sqlite3_file, $($argument: $type),*) $(-> $answer)? {
            // SAFETY: SQLite calls with an open file; the layer below gets what SQLite gave.
            unsafe {
                let below = below(handle);
                (*(*below).pMethods).$field.expect("files of the default layer have all functions")(below, $($argument),*)
            }
        }
    )*};
}

pass_on! {
    read is xRead(content: *mut c_void, size: c_int, offset: i64) -> c_int;
    file_size is xFileSize(answer: *mut i64) -> c_int;
    lock is xLock(level: c_int) -> c_int;
    unlock is xUnlock(level: c_int) -> c_int;
    check_reserved_lock is xCheckReservedLock(answer: *mut c_int) -> c_int;
    file_control is xFileControl(operation: c_int, argument: *mut c_void) -> c_int;
    sector_size is xSectorSize() -> c_int;
    device_characteristics is xDeviceCharacteristics() -> c_int;
    shm_map is xShmMap(page: c_int, page_size: c_int, extend: c_int, answer: *mut *mut c_void) -> c_int;
    shm_lock is xShmLock(offset: c_int, count: c_int, flags: c_int) -> c_int;
    shm_barrier is xShmBarrier();
    shm_unmap is xShmUnmap(delete: c_int) -> c_int;
}
