//! Animated GIFs of episodes.

use std::io::Write;

use gif::{DisposalMethod, Encoder, Frame, Repeat};
use tiny_skia::Pixmap;

/// Writes pictures into an animated GIF that repeats endlessly.
///
/// A picture with more than 256 colours is reduced to 256. Only the rectangle that changed since the picture before is
/// written.
///
/// ```
/// use agilerl_env::{Gif, Pixmap, make_rendered, RenderEnv};
/// let mut env = make_rendered::<f32, u32>("CartPole-v1")?;
/// env.reset(Some(0), &mut [0.0; 4]);
/// let mut picture = Pixmap::new(150, 100).unwrap();
/// let mut gif = Gif::new(Vec::new(), [150, 100], env.steps_per_second())?; // or a file
/// for _ in 0..10 {
///     env.render(&mut picture);
///     gif.add(&picture)?;
///     env.step(&[1], &mut [0.0; 4]);
/// }
/// assert!(gif.finish()?.starts_with(b"GIF89a"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Gif<W: Write> {
    encoder: Encoder<W>,
    width: u32,
    height: u32,
    frames_per_second: u32,
    frames: u64,
    /// The last picture, `[height, width, 4]`; empty before the first.
    last: Vec<u8>,
}

/// An error while writing a GIF.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GifError {
    /// A GIF cannot have that size.
    #[error("a GIF of {width} x {height} pixels was asked for; each may be 1 to 65535")]
    Size {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// Viewers do not show that many pictures in a second.
    #[error("{frames_per_second} frames per second were asked for; 1 to 50 are possible")]
    FramesPerSecond {
        /// The number asked for.
        frames_per_second: u32,
    },
    /// The picture has another size than the GIF.
    #[error("the picture has {} x {} pixels, and the GIF {} x {}", picture[0], picture[1], gif[0], gif[1])]
    Picture {
        /// Its width and height.
        picture: [u32; 2],
        /// The width and height of the GIF.
        gif: [u32; 2],
    },
    /// It could not be written.
    #[error("the GIF could not be written")]
    Write(#[source] gif::EncodingError),
    /// It could not be written.
    #[error("the GIF could not be written")]
    Io(#[from] std::io::Error),
}

impl From<gif::EncodingError> for GifError {
    fn from(error: gif::EncodingError) -> Self {
        match error {
            // Else the chain of causes would report it twice.
            gif::EncodingError::Io(error) => Self::Io(error),
            error => Self::Write(error),
        }
    }
}

impl<W: Write> Gif<W> {
    /// Starts a GIF of `[width, height]` pixels on `writer`. Time is counted in hundredths of a second there; where they
    /// do not divide evenly, the durations of frames alternate.
    ///
    /// # Errors
    /// [`GifError::Size`] beyond 65535 pixels or for none, [`GifError::FramesPerSecond`] beyond 1 to 50 (viewers slow
    /// down what is faster), [`GifError::Write`].
    pub fn new(writer: W, [width, height]: [u32; 2], frames_per_second: u32) -> Result<Self, GifError> {
        let side = |pixels: u32| u16::try_from(pixels).ok().filter(|&pixels| pixels > 0);
        let (Some(across), Some(down)) = (side(width), side(height)) else {
            return Err(GifError::Size { width, height });
        };
        if !(1..=50).contains(&frames_per_second) {
            return Err(GifError::FramesPerSecond { frames_per_second });
        }
        let mut encoder = Encoder::new(writer, across, down, &[])?;
        encoder.set_repeat(Repeat::Infinite)?;
        Ok(Self { encoder, width, height, frames_per_second, frames: 0, last: Vec::new() })
    }

    /// Appends a picture.
    ///
    /// # Errors
    /// [`GifError::Picture`] if it has another size than the GIF, [`GifError::Write`].
    pub fn add(&mut self, picture: &Pixmap) -> Result<(), GifError> {
        if [picture.width(), picture.height()] != [self.width, self.height] {
            let picture = [picture.width(), picture.height()];
            return Err(GifError::Picture { picture, gif: [self.width, self.height] });
        }
        let [left, top, right, bottom] = self.changed(picture.data());
        let row = self.width as usize * 4;
        let mut pixels: Vec<u8> = (top..bottom)
            .flat_map(|y| picture.data()[y * row + left * 4..y * row + right * 4].iter().copied())
            .collect();
        // Below 2^16, as the size of the GIF is.
        let [left, top, right, bottom] = [left, top, right, bottom].map(|at| at as u16);
        let mut frame = Frame::from_rgba_speed(right - left, bottom - top, &mut pixels, 10);
        let hundredths =
            |frames: u64| (frames * 100 + u64::from(self.frames_per_second) / 2) / u64::from(self.frames_per_second);
        frame.delay = (hundredths(self.frames + 1) - hundredths(self.frames)) as u16;
        (frame.left, frame.top, frame.dispose) = (left, top, DisposalMethod::Keep);
        self.encoder.write_frame(&frame)?;
        self.frames += 1;
        self.last.clear();
        self.last.extend_from_slice(picture.data());
        Ok(())
    }

    /// Left, top, right and bottom of the smallest rectangle outside of which nothing has changed, the last two
    /// excluded; one pixel if nothing has.
    fn changed(&self, pixels: &[u8]) -> [usize; 4] {
        let (width, height) = (self.width as usize, self.height as usize);
        if self.last.is_empty() {
            return [0, 0, width, height];
        }
        let differs = pixels.chunks(4).zip(self.last.chunks(4)).enumerate().filter(|(_, (now, before))| now != before);
        differs
            .map(|(i, _)| (i % width, i / width))
            .map(|(x, y)| [x, y, x + 1, y + 1])
            .reduce(|[l, t, r, b], [x, y, x1, y1]| [l.min(x), t.min(y), r.max(x1), b.max(y1)])
            .unwrap_or([0, 0, 1, 1])
    }

    /// Pictures so far.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Ends the GIF and gives the writer back. One that is dropped instead ends too, but an error is not seen.
    ///
    /// # Errors
    /// [`GifError::Io`].
    pub fn finish(self) -> Result<W, GifError> {
        Ok(self.encoder.into_inner()?)
    }
}
