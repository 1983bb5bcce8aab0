//! `unpack ARCHIVE DIR`: unpacks everything and prints what came out.

use std::{
    error::Error,
    fs::File,
    io::{Write, stdout},
    path::Path,
};

use runtask_archive::{Limits, unpack};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(archive), Some(directory), None) = (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: unpack ARCHIVE DIR".into());
    };
    let unpacked = unpack(File::open(archive)?, Path::new(&directory), &Limits::default(), |_path| true)?;
    writeln!(
        stdout(),
        "entries {} files {} links {} compressed_bytes {} unpacked_bytes {}",
        unpacked.entries,
        unpacked.files,
        unpacked.links,
        unpacked.compressed_bytes,
        unpacked.unpacked_bytes
    )?;
    Ok(())
}
