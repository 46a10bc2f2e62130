//! The windows of a convolution, with which it is a product of matrices.

use crate::input_number::InputNumber;
use crate::spec::encoder::EncoderSpec;

/// The numbers of an image that lie in each window of a convolution: one row for each place of the map, one column for
/// each weight of a kernel. With these rows, a convolution is a linear layer.
///
/// They are kept as a table of places: a lookup is cheaper than the arithmetic of channels, strides and borders, and
/// the same table serves the backward pass.
#[derive(Clone, Debug)]
pub(crate) struct Patches {
    /// `[places, window]`: index of each number in an image, or [`OUTSIDE`] in the padding.
    table: Vec<u32>,
    /// Length of a window: `in * kernel * kernel`, in the order of the kernel's weights.
    window: usize,
    /// Length of an input image.
    image: usize,
}

/// A place in the padding: beyond the end of every image.
const OUTSIDE: u32 = u32::MAX;

impl Patches {
    /// Returns the table of a convolution of a valid spec. The first convolution reads the input, in the order of its
    /// rows; the others read maps `[height, width, channels]`, the order in which products write them.
    pub(crate) fn new(spec: &EncoderSpec, layer: usize) -> Self {
        let maps = spec.maps().expect("a valid spec");
        let conv = &spec.convs[layer];
        let [channels, height, width] = maps[layer];
        let [_, rows, columns] = maps[layer + 1];
        let channels_last = layer > 0 || spec.channels_last;
        let place = |channel, y, x| match channels_last {
            true => (y * width + x) * channels + channel,
            false => (channel * height + y) * width + x,
        };
        let mut table = Vec::with_capacity(rows * columns * channels * conv.kernel * conv.kernel);
        for (top, left) in grid(rows, columns) {
            for channel in 0..channels {
                for (dy, dx) in grid(conv.kernel, conv.kernel) {
                    let y = (top * conv.stride + dy).checked_sub(conv.padding).filter(|&y| y < height);
                    let x = (left * conv.stride + dx).checked_sub(conv.padding).filter(|&x| x < width);
                    table.push(y.zip(x).map_or(OUTSIDE, |(y, x)| place(channel, y, x) as u32));
                }
            }
        }
        Self { table, window: channels * conv.kernel * conv.kernel, image: channels * height * width }
    }

    /// Returns the length of a window.
    pub(crate) fn window(&self) -> usize {
        self.window
    }

    /// Returns the number of places of the map.
    pub(crate) fn places(&self) -> usize {
        self.table.len() / self.window
    }

    /// Writes the windows of images `[batch, image]` into `windows`, `[batch * places, window]`, each number multiplied
    /// by `scale`.
    pub(crate) fn gather<O: InputNumber>(&self, images: &[O], scale: f32, windows: &mut Vec<f32>) {
        windows.clear();
        for image in images.chunks_exact(self.image) {
            // The padding lies beyond the image, and its numbers are zero.
            let number = |&place: &u32| image.get(place as usize).map_or(0.0, |x| x.to_f32() * scale);
            windows.extend(self.table.iter().map(number));
        }
    }

    /// The backward pass of [`gather`](Self::gather): adds each number of the windows `[batch * places, window]` to its
    /// place in images `[batch, image]`, which start at zero.
    pub(crate) fn scatter(&self, windows: &[f32], images: &mut Vec<f32>) {
        images.clear();
        images.resize(windows.len() / self.table.len() * self.image, 0.0);
        for (image, windows) in images.chunks_exact_mut(self.image).zip(windows.chunks_exact(self.table.len())) {
            for (&place, number) in self.table.iter().zip(windows) {
                if let Some(sum) = image.get_mut(place as usize) {
                    *sum += number;
                }
            }
        }
    }
}

/// Iterates over all pairs, row by row.
pub(crate) fn grid(rows: usize, columns: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).flat_map(move |row| (0..columns).map(move |column| (row, column)))
}

/// Reorders maps `[batch, places, channels]` into `[batch, channels, places]`, PyTorch's order of flattening; and back,
/// with the two lengths exchanged.
pub(crate) fn exchange_axes(maps: &[f32], places: usize, channels: usize, into: &mut Vec<f32>) {
    into.clear();
    for map in maps.chunks_exact(places * channels) {
        for channel in 0..channels {
            into.extend(map[channel..].iter().step_by(channels));
        }
    }
}
