//! SQLite's table of functions on an open file: those that a layer wants to see go through its `LayerFile`.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::marker::PhantomData;
use std::ptr::{null, null_mut};

use rusqlite::ffi;

use crate::LayerFile;

/// What SQLite takes for a `sqlite3_file`. The handle of the layer below lies right behind it, in the same allocation,
/// which SQLite makes and which is aligned for both.
#[repr(C)]
struct Handle<F> {
    methods: *const ffi::sqlite3_io_methods,
    /// From `Box::into_raw`, or null for a file that is passed on.
    file: *mut F,
}

/// The same file as the layer below has it.
#[derive(Clone, Copy, Debug)]
pub struct Below<'f> {
    handle: *mut ffi::sqlite3_file,
    _open: PhantomData<&'f ()>,
}

/// What kind of sync SQLite asked for, which makes a difference on macOS only.
#[derive(Clone, Copy, Debug)]
pub struct SyncKind(c_int);

/// Why something was not done, as SQLite says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal(c_int);

impl Refusal {
    /// What was written may not be on the disk.
    pub const NOT_SYNCED: Refusal = Refusal(ffi::SQLITE_IOERR_FSYNC);

    pub(crate) fn of(code: c_int) -> Refusal {
        Refusal(code)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", ffi::code_to_str(self.0), self.0)
    }
}

fn checked(code: c_int) -> Result<(), Refusal> {
    if code == ffi::SQLITE_OK { Ok(()) } else { Err(Refusal(code)) }
}

fn code_of(outcome: Result<(), Refusal>) -> c_int {
    outcome.map_or_else(|refusal| refusal.0, |()| ffi::SQLITE_OK)
}

impl Below<'_> {
    fn methods(&self) -> &ffi::sqlite3_io_methods {
        // SAFETY: made by this module's functions only, for the time of a call, in which the file stays open.
        unsafe { &*(*self.handle).pMethods }
    }

    /// What lies beyond the end is filled with zeros and refused.
    pub fn read(&self, into: &mut [u8], offset: u64) -> Result<(), Refusal> {
        let read = self.methods().xRead.expect("every file can be read");
        // SAFETY: the file is open; there is room for as many bytes as are asked for.
        checked(unsafe { read(self.handle, into.as_mut_ptr().cast(), into.len() as c_int, offset as i64) })
    }

    pub fn write(&self, bytes: &[u8], offset: u64) -> Result<(), Refusal> {
        let write = self.methods().xWrite.expect("every file can be written");
        // SAFETY: the file is open; as many bytes are there as are said to be.
        checked(unsafe { write(self.handle, bytes.as_ptr().cast(), bytes.len() as c_int, offset as i64) })
    }

    pub fn truncate(&self, size: u64) -> Result<(), Refusal> {
        let truncate = self.methods().xTruncate.expect("every file can be truncated");
        // SAFETY: the file is open.
        checked(unsafe { truncate(self.handle, size as i64) })
    }

    pub fn sync(&self, kind: SyncKind) -> Result<(), Refusal> {
        let sync = self.methods().xSync.expect("every file can be synced");
        // SAFETY: the file is open.
        checked(unsafe { sync(self.handle, kind.0) })
    }

    pub fn size(&self) -> Result<u64, Refusal> {
        let mut size = 0;
        let file_size = self.methods().xFileSize.expect("every file has a size");
        // SAFETY: the file is open; the answer goes to a local variable.
        checked(unsafe { file_size(self.handle, &raw mut size) })?;
        Ok(size as u64)
    }
}

/// Room for our handle and one of `below` bytes.
pub(crate) fn size_above(below: c_int) -> c_int {
    size_of::<Handle<()>>() as c_int + below
}

/// The handle of the layer below.
///
/// # Safety
/// `handle` points to an allocation of at least `size_above` bytes.
pub(crate) unsafe fn below(handle: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: stays within the allocation. A handle's size does not depend on the type of what it points to.
    unsafe { handle.cast::<Handle<()>>().add(1).cast() }
}

/// Fills a handle after the layer below has opened its own, with `code`.
///
/// # Safety
/// `handle` points to `size_above` bytes, and the layer below has filled its part.
pub(crate) unsafe fn finish_open<F: LayerFile>(handle: *mut ffi::sqlite3_file, file: Option<F>, code: c_int) -> c_int {
    // SAFETY: `handle` has the room; SQLite has opened nothing in it before, so nothing is forgotten by writing.
    unsafe {
        let below = below(handle);
        let mut filled = Handle { methods: null(), file: null_mut() };
        if code == ffi::SQLITE_OK {
            filled.methods = const { &methods::<F>() };
            filled.file = file.map_or(null_mut(), |file| Box::into_raw(Box::new(file)));
        } else if !(*below).pMethods.is_null() {
            // A layer may want to be closed after a failure; ours does not, so SQLite will not do it.
            (*(*below).pMethods).xClose.expect("every file can be closed")(below);
        }
        handle.cast::<Handle<F>>().write(filled);
    }
    code
}

/// Calls one function for a file that the layer wants to see, or another for one that is passed on.
///
/// # Safety
/// `handle` was filled by `finish_open` with the same type, is not closed, and nobody else uses it meanwhile.
unsafe fn with<F, T>(
    handle: *mut ffi::sqlite3_file,
    seen: impl FnOnce(&mut F, Below<'_>) -> T,
    passed_on: impl FnOnce(Below<'_>) -> T,
) -> T {
    // SAFETY: null, or boxed by `finish_open`; it is dropped by `close` only, after which SQLite calls no more. SQLite
    // calls for one file come one after another, under the lock of its connection.
    let (file, below) = unsafe { ((*handle.cast::<Handle<F>>()).file.as_mut(), below(handle)) };
    let below = Below { handle: below, _open: PhantomData };
    match file {
        Some(file) => seen(file, below),
        None => passed_on(below),
    }
}

/// Version 2 has shared memory, which the write-ahead log needs, but no memory-mapped content.
const fn methods<F: LayerFile>() -> ffi::sqlite3_io_methods {
    ffi::sqlite3_io_methods {
        iVersion: 2,
        xClose: Some(close::<F>),
        xRead: Some(read::<F>),
        xWrite: Some(write::<F>),
        xTruncate: Some(truncate::<F>),
        xSync: Some(sync::<F>),
        xFileSize: Some(file_size::<F>),
        xLock: Some(lock::<F>),
        xUnlock: Some(unlock::<F>),
        xCheckReservedLock: Some(check_reserved_lock),
        xFileControl: Some(file_control),
        xSectorSize: Some(sector_size),
        xDeviceCharacteristics: Some(device_characteristics),
        xShmMap: Some(shm_map),
        xShmLock: Some(shm_lock::<F>),
        xShmBarrier: Some(shm_barrier),
        xShmUnmap: Some(shm_unmap),
        xFetch: None,
        xUnfetch: None,
    }
}

unsafe extern "C" fn close<F: LayerFile>(handle: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once and uses it no more; the box is the one of `finish_open`.
    unsafe {
        let before = with::<F, _>(handle, F::before_others, |_| Ok(()));
        let file = std::mem::replace(&mut (*handle.cast::<Handle<F>>()).file, null_mut());
        if !file.is_null() {
            drop(Box::from_raw(file));
        }
        let below = below(handle);
        let code = (*(*below).pMethods).xClose.expect("every file can be closed")(below);
        before.map_or_else(|refusal| refusal.0, |()| code)
    }
}

unsafe extern "C" fn read<F: LayerFile>(
    handle: *mut ffi::sqlite3_file,
    content: *mut c_void,
    size: c_int,
    offset: i64,
) -> c_int {
    // SAFETY: SQLite calls with an open file and room for `size` bytes at `content`, which nobody else uses meanwhile.
    unsafe {
        let into = std::slice::from_raw_parts_mut(content.cast::<u8>(), size as usize);
        let (for_seen, for_passed) = (&raw mut *into, &raw mut *into);
        code_of(with::<F, _>(
            handle,
            |file, below| file.read(below, &mut *for_seen, offset as u64),
            |below| below.read(&mut *for_passed, offset as u64),
        ))
    }
}

unsafe extern "C" fn write<F: LayerFile>(
    handle: *mut ffi::sqlite3_file,
    content: *const c_void,
    size: c_int,
    offset: i64,
) -> c_int {
    // SAFETY: SQLite calls with an open file and `size` bytes at `content`.
    unsafe {
        let bytes = std::slice::from_raw_parts(content.cast::<u8>(), size as usize);
        code_of(with::<F, _>(
            handle,
            |file, below| file.write(below, bytes, offset as u64),
            |below| below.write(bytes, offset as u64),
        ))
    }
}

unsafe extern "C" fn truncate<F: LayerFile>(handle: *mut ffi::sqlite3_file, size: i64) -> c_int {
    let size = size as u64;
    // SAFETY: SQLite calls with an open file.
    unsafe { code_of(with::<F, _>(handle, |file, below| file.truncate(below, size), |below| below.truncate(size))) }
}

unsafe extern "C" fn sync<F: LayerFile>(handle: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    let kind = SyncKind(flags);
    // SAFETY: SQLite calls with an open file.
    unsafe { code_of(with::<F, _>(handle, |file, below| file.sync(below, kind), |below| below.sync(kind))) }
}

unsafe extern "C" fn file_size<F: LayerFile>(handle: *mut ffi::sqlite3_file, answer: *mut i64) -> c_int {
    // SAFETY: SQLite calls with an open file.
    match unsafe { with::<F, _>(handle, F::size, |below| below.size()) } {
        Ok(size) => {
            // SAFETY: SQLite gives a place for the answer.
            unsafe { *answer = size as i64 };
            ffi::SQLITE_OK
        }
        Err(refusal) => refusal.0,
    }
}

/// Functions that are passed on once the layer has done what has to be done before them.
macro_rules! pass_on_after {
    ($($name:ident is $field:ident($($argument:ident: $type:ty),*);)*) => {$(
        unsafe extern "C" fn $name<F: LayerFile>(handle: *mut ffi::sqlite3_file, $($argument: $type),*) -> c_int {
            // SAFETY: SQLite calls with an open file; the layer below gets what SQLite gave.
            unsafe {
                if let Err(refusal) = with::<F, _>(handle, F::before_others, |_| Ok(())) {
                    return refusal.0;
                }
                let below = below(handle);
                (*(*below).pMethods).$field.expect("files of the default layer have all functions")(below, $($argument),*)
            }
        }
    )*};
}

pass_on_after! {
    lock is xLock(level: c_int);
    unlock is xUnlock(level: c_int);
    shm_lock is xShmLock(offset: c_int, count: c_int, flags: c_int);
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
    check_reserved_lock is xCheckReservedLock(answer: *mut c_int) -> c_int;
    file_control is xFileControl(operation: c_int, argument: *mut c_void) -> c_int;
    sector_size is xSectorSize() -> c_int;
    device_characteristics is xDeviceCharacteristics() -> c_int;
    shm_map is xShmMap(page: c_int, page_size: c_int, extend: c_int, answer: *mut *mut c_void) -> c_int;
    shm_barrier is xShmBarrier();
    shm_unmap is xShmUnmap(delete: c_int) -> c_int;
}
