//! Takes from the kernel at once what compiling will take piece by piece.

use std::hint::black_box;

/// What a byte of a policy takes until it is compiled, roughly.
const FOR_A_BYTE: usize = 32;
/// Bytes that are taken at most.
const MAX: usize = 4 * 1024 * 1024;

/// Takes what so many bytes of policies take to compile, and gives it back to the allocator, which keeps it.
///
/// glibc lets the heap of any thread but the first grow by no more than is asked for, a page at a time mostly, and each time
/// asks the kernel for it, which keeps the other threads from touching memory meanwhile: 400 times for 70 KB of policies, 0.4
/// of the 7.7 ms that these took with everything around them. What is large is a mapping of its own, until one was given back
/// of its size: so it is taken twice. Other allocators do not mind.
///
/// Source: `sysmalloc` and `munmap_chunk` in malloc/malloc.c, and `grow_heap` in malloc/arena.c, of glibc 2.36.
pub(crate) fn make_room(bytes: usize) {
    for _ in 0..2 {
        drop(black_box(Vec::<u8>::with_capacity(bytes.saturating_mul(FOR_A_BYTE).min(MAX))));
    }
}
