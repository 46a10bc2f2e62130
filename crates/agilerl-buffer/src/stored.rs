//! The number types that a memory holds.

use std::fmt::Debug;

/// A number type that a memory holds and writes as bytes, little-endian on every machine.
pub trait Stored: Copy + Default + Debug + sealed::Sealed {
    /// Bytes of one number.
    const BYTES: usize;
    /// The number 1; the default is 0.
    const ONE: Self;
    /// Returns the number as an index; `None` unless it is a whole number of at least 0.
    fn index(self) -> Option<usize>;
    /// Appends the bytes of `numbers` to `bytes`.
    fn put(numbers: &[Self], bytes: &mut Vec<u8>);
    /// Reads numbers from `bytes`, whose length is a multiple of [`BYTES`](Stored::BYTES). Returns `None` if one of them is
    /// not a value of this type (a `bool` other than 0 and 1).
    fn get(bytes: &[u8]) -> Option<Vec<Self>>;
}

macro_rules! stored {
    ($($number:ty),*) => {$(
        impl Stored for $number {
            const BYTES: usize = size_of::<$number>();
            const ONE: Self = 1 as $number;
            #[inline]
            fn index(self) -> Option<usize> {
                // A number that is not an index becomes another number by the conversion; NaN equals nothing.
                let index = self as usize;
                (index as $number == self).then_some(index)
            }
            fn put(numbers: &[Self], bytes: &mut Vec<u8>) {
                let start = bytes.len();
                bytes.resize(start + size_of_val(numbers), 0);
                // Writing into room that is already there is as fast as copying.
                for (place, number) in bytes[start..].as_chunks_mut().0.iter_mut().zip(numbers) {
                    *place = number.to_le_bytes();
                }
            }
            fn get(bytes: &[u8]) -> Option<Vec<Self>> {
                Some(bytes.as_chunks().0.iter().map(|number| <$number>::from_le_bytes(*number)).collect())
            }
        }
        impl sealed::Sealed for $number {}
    )*};
}

stored!(f32, f64, u8, u32);

impl Stored for bool {
    const BYTES: usize = 1;
    const ONE: Self = true;
    fn index(self) -> Option<usize> {
        Some(usize::from(self))
    }
    fn put(numbers: &[Self], bytes: &mut Vec<u8>) {
        bytes.extend(numbers.iter().map(|flag| u8::from(*flag)));
    }
    fn get(bytes: &[u8]) -> Option<Vec<Self>> {
        bytes.iter().map(|byte| (*byte < 2).then_some(*byte == 1)).collect()
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for bool {}
}
