//! Pictures of the environments, and GIFs made of them.

use agilerl_env::{
    ActionElement, Actions, CartPole, Element, Env, EnvError, FrozenLake, Gif, GifError, Lander, LanderOptions,
    NumpyRng, Observations, OneHot, Pixmap, Render, RenderEnv, Space, TimeLimit, catalogue, make_rendered,
};

/// A check of one environment, whatever its observations and actions are.
trait Check {
    fn check<O: Element, A: Drawn>(&self, film: Film<O, A>);
}

fn check_all(check: &impl Check) {
    let mut checked = 0;
    for info in catalogue().filter(|info| !info.name.starts_with("probe/")) {
        match (info.observations, info.actions) {
            (Observations::Pixels, _) => check.check(Film::of(make_rendered::<u8, u32>(info.name).unwrap())),
            (_, Actions::Choice) => check.check(Film::of(make_rendered::<f32, u32>(info.name).unwrap())),
            (_, Actions::Continuous) => check.check(Film::of(make_rendered::<f32, f32>(info.name).unwrap())),
        }
        checked += 1;
    }
    assert_eq!(checked, 20, "the catalogue without its probes");
}

/// An episode of random actions.
struct Film<O, A> {
    env: Box<dyn RenderEnv<Obs = O, Action = A>>,
    obs: Vec<O>,
    rng: NumpyRng,
}

impl<O: Element, A: Drawn> Film<O, A> {
    fn of(mut env: Box<dyn RenderEnv<Obs = O, Action = A>>) -> Self {
        let mut obs = vec![O::default(); env.observation_space().row_len()];
        env.reset(Some(3), &mut obs);
        Self { env, obs, rng: NumpyRng::new(5) }
    }

    fn step(&mut self) {
        let action = A::draw(self.env.action_space(), &mut self.rng);
        if self.env.step(&action, &mut self.obs).ended() {
            self.env.reset(None, &mut self.obs);
        }
    }

    fn picture(&self, [width, height]: [u32; 2]) -> Pixmap {
        let mut picture = Pixmap::new(width, height).unwrap();
        self.env.render(&mut picture);
        picture
    }
}

trait Drawn: ActionElement {
    fn draw(space: &Space, rng: &mut NumpyRng) -> Vec<Self>;
}

impl Drawn for u32 {
    fn draw(space: &Space, rng: &mut NumpyRng) -> Vec<u32> {
        vec![rng.integers(0, space.choices().unwrap() as i64) as u32]
    }
}

impl Drawn for f32 {
    fn draw(space: &Space, rng: &mut NumpyRng) -> Vec<f32> {
        (0..space.row_len()).map(|_| rng.uniform(-1.0, 1.0) as f32).collect()
    }
}

/// Different colours of a picture.
fn colors(picture: &Pixmap) -> usize {
    let mut colors: Vec<&[u8]> = picture.data().chunks(4).collect();
    colors.sort_unstable();
    colors.dedup();
    colors.len()
}

#[test]
fn every_environment_is_drawn_at_any_size() {
    struct Sizes;
    impl Check for Sizes {
        fn check<O: Element, A: Drawn>(&self, mut film: Film<O, A>) {
            let best = film.env.size();
            for _ in 0..20 {
                for size in [best, [97, 41]] {
                    let picture = film.picture(size);
                    assert!(colors(&picture) > 1, "{} at {size:?} is blank", film.env.name());
                    assert!(picture.pixels().iter().all(|pixel| pixel.is_opaque()), "{}", film.env.name());
                }
                film.picture([1, 1]);
                film.step();
            }
        }
    }
    check_all(&Sizes);
}

#[test]
fn drawing_changes_no_state() {
    struct Unchanged;
    impl Check for Unchanged {
        fn check<O: Element, A: Drawn>(&self, mut film: Film<O, A>) {
            for _ in 0..10 {
                let before = film.env.save().unwrap();
                film.picture([60, 40]);
                assert_eq!(film.env.save().unwrap(), before, "{}", film.env.name());
                film.step();
            }
        }
    }
    check_all(&Unchanged);
}

#[test]
fn pictures_follow_the_episode() {
    struct Moving;
    impl Check for Moving {
        fn check<O: Element, A: Drawn>(&self, mut film: Film<O, A>) {
            let size = film.env.size();
            let first = film.picture(size);
            let moved = (0..30).any(|_| {
                film.step();
                film.picture(size) != first
            });
            assert!(moved, "{} looks the same for 30 steps", film.env.name());
            assert!((1..=50).contains(&film.env.steps_per_second()), "{}", film.env.name());
        }
    }
    check_all(&Moving);
}

#[test]
fn wrappers_show_what_is_inside() {
    let mut lake = FrozenLake::new(false);
    lake.reset(Some(0), &mut [0.0]);
    let mut wrapped = OneHot::new(TimeLimit::new(FrozenLake::new(false), 10));
    wrapped.reset(Some(0), &mut [0.0; 16]);
    let draw = |env: &dyn Render| {
        let [width, height] = env.size();
        let mut picture = Pixmap::new(width, height).unwrap();
        env.render(&mut picture);
        picture
    };
    assert_eq!(draw(&lake), draw(&wrapped));
    assert_eq!(lake.steps_per_second(), wrapped.steps_per_second());
}

#[test]
fn the_lander_shows_its_engines() {
    let mut env = Lander::<u32>::new(LanderOptions::default());
    env.reset(Some(0), &mut [0.0; 8]);
    // At first its upper half is above the picture.
    for _ in 0..30 {
        env.step(&[0], &mut [0.0; 8]);
    }
    let mut flames = |action: u32| {
        env.step(&[action], &mut [0.0; 8]);
        let mut picture = Pixmap::new(600, 400).unwrap();
        env.render(&mut picture);
        picture.pixels().iter().filter(|pixel| (pixel.red(), pixel.green(), pixel.blue()) == (255, 120, 40)).count()
    };
    let [nothing, left, main, right] = [0, 1, 2, 3].map(&mut flames);
    assert_eq!(nothing, 0);
    assert!(main > left && left > 0 && right > 0, "{left} {main} {right}");
}

#[test]
fn a_probe_has_no_picture() {
    for probe in catalogue().filter(|info| info.name.starts_with("probe/")) {
        assert_eq!(
            make_rendered::<f32, u32>(probe.name).err(),
            Some(EnvError::NoPicture { name: probe.name.to_owned() })
        );
    }
}

/// Decoded frame by frame onto one another, the GIF is what was drawn: fewer than 256 colours are kept as they are.
#[test]
fn a_gif_is_the_pictures_that_were_added() {
    const SIZE: [u32; 2] = [90, 60];
    let mut env = CartPole::new();
    env.reset(Some(0), &mut [0.0; 4]);
    let mut gif = Gif::new(Vec::new(), SIZE, 30).unwrap();
    let mut pictures = Vec::new();
    for step in 0..12 {
        let mut picture = Pixmap::new(SIZE[0], SIZE[1]).unwrap();
        env.render(&mut picture);
        gif.add(&picture).unwrap();
        pictures.push(picture);
        // The same picture twice.
        if step != 6 {
            env.step(&[1], &mut [0.0; 4]);
        }
    }
    assert_eq!(gif.frames(), 12);
    let bytes = gif.finish().unwrap();

    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(bytes.as_slice()).unwrap();
    assert_eq!((decoder.width(), decoder.height()), (90, 60));
    let mut seen = vec![0; 90 * 60 * 4];
    let (mut frames, mut hundredths) = (0, 0);
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        let (left, top, width) = (usize::from(frame.left), usize::from(frame.top), usize::from(frame.width));
        for (y, row) in frame.buffer.chunks(width * 4).enumerate() {
            let at = ((top + y) * 90 + left) * 4;
            seen[at..at + row.len()].copy_from_slice(row);
        }
        assert!(seen == pictures[frames].data(), "frame {frames}");
        frames += 1;
        hundredths += u64::from(frame.delay);
    }
    // 12 frames at 30 per second are 0.4 seconds, although a frame alone is no whole number of hundredths.
    assert_eq!((frames, hundredths), (12, 40));
}

#[test]
fn a_gif_says_what_is_wrong() {
    let new = |size, frames_per_second| Gif::new(Vec::new(), size, frames_per_second).err();
    assert!(matches!(new([0, 10], 25), Some(GifError::Size { width: 0, height: 10 })));
    assert!(matches!(new([10, 65_536], 25), Some(GifError::Size { .. })));
    assert!(matches!(new([10, 10], 60), Some(GifError::FramesPerSecond { frames_per_second: 60 })));
    let mut gif = Gif::new(Vec::new(), [10, 10], 25).unwrap();
    let error = gif.add(&Pixmap::new(10, 20).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "the picture has 10 x 20 pixels, and the GIF 10 x 10");
}
