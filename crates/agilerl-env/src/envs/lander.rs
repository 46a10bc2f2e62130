//! Gymnasium's LunarLander: a rocket with two legs that lands on the moon.

pub(crate) mod lander_vec;
mod side_by_side;
mod contacts_side_by_side;
mod world;
mod substep;
mod body;
mod joint;
mod contact;
mod manifold;
mod impact;
mod distance;
mod shape;
mod vector;
mod trig;
#[cfg(feature = "render")]
mod picture;

use std::f64::consts::PI;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use self::body::Body;
use self::joint::{Impulse, Joint, Limit};
use self::shape::{Edge, NUM_EDGES, Polygon};
use self::vector::Vec2;
use self::world::{HULL, World};
use crate::env::{Env, Step};
use crate::envs::trig::{sin, sin_cos};
use crate::error::EnvError;
use crate::number::ActionElement;
use crate::numpy_rng::NumpyRng;
use crate::saved_state::{decode_state, encode_state};
use crate::space::Space;

/// The lander with a choice among four actions: Gymnasium's `LunarLander-v3`, without its time limit.
pub type LunarLander = Lander<u32>;

/// The lander with a pair of throttles as its action: Gymnasium's `LunarLanderContinuous-v3`, without its time limit.
pub type LunarLanderContinuous = Lander<f32>;

/// A rocket that starts at the top of the screen with a random push and has to land, legs first, on a pad at the origin.
///
/// The source is Gymnasium's `LunarLander-v3` (`gymnasium/envs/box2d/lunar_lander.py`), and a seed gives the same
/// episode: every observation and reward is equal to the last bit. Use it by the names [`LunarLander`] (`u32`) and
/// [`LunarLanderContinuous`] (`f32`); they differ only in the action.
///
/// **Observation**, eight numbers, none of them clipped to its bounds:
///
/// | index | meaning | unit | bounds |
/// |---|---|---|---|
/// | 0, 1 | position of the hull, from the pad | 10 and 6.67 metres | +-2.5 |
/// | 2, 3 | velocity | 5 and 7.5 metres per second | +-10 |
/// | 4 | angle, anticlockwise | radians | +-2 pi |
/// | 5 | angular velocity | 2.5 radians per second | +-10 |
/// | 6, 7 | whether leg 0 (right), leg 1 (left) stands on the ground | 0 or 1 | 0..1 |
///
/// **Action** of [`LunarLander`]: 0 nothing, 1 left engine, 2 main engine, 3 right engine, at full power. Of
/// [`LunarLanderContinuous`]: main throttle and side throttle in -1..1, clipped to that. The main engine fires with
/// 50 to 100 % power from 0 (excluded) to 1, and is off below; the side engines fire with 50 to 100 % power beyond
/// -0.5 (left) and 0.5 (right). The noise of the engines is drawn at every step, whether one fires or not.
///
/// **Reward**: the gain of the step in closeness to the pad, slowness, uprightness (100 points for each unit of the
/// observation) and legs on the ground (10 points each), less 0.3 and 0.03 points for the power of main and side engine.
///
/// **Ends** (terminated) with a reward of -100 when the hull touches the ground or `|x|` reaches 1, and with +100 when
/// the lander has come to rest. Nothing is truncated: as in Gymnasium, the limit of 1000 steps is a wrapper.
///
/// A step is 1/50 second of a rigid-body solver of this crate, an altered version of Box2D 2.3.
///
/// ```
/// use agilerl_env::{Env, LanderOptions, LunarLander};
///
/// let mut env = LunarLander::new(LanderOptions::default());
/// let mut obs = [0.0; 8];
/// env.reset(Some(7), &mut obs);
/// assert!(obs[1] > 1.3, "it starts at the top");
/// let step = env.step(&[2], &mut obs);
/// assert!(!step.ended());
/// ```
#[derive(Clone, Debug)]
pub struct Lander<A> {
    options: LanderOptions,
    observation_space: Space,
    action_space: Space,
    state: State,
    /// The engines of the last step, for the picture only: not a part of the state.
    #[cfg(feature = "render")]
    engines: Engines,
    action: PhantomData<A>,
}

/// The options of a [`Lander`]. The defaults are Gymnasium's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LanderOptions {
    /// Acceleration in metres per second squared, above -12 and below 0. Default -10.
    pub gravity: f64,
    /// Whether there is wind. Default no.
    pub enable_wind: bool,
    /// Largest sideways force of the wind, in newtons; 0 to 20 is sensible. Default 15.
    pub wind_power: f64,
    /// Largest torque of the wind, in newton metres; 0 to 2 is sensible. Default 1.5.
    pub turbulence_power: f64,
}

impl Default for LanderOptions {
    fn default() -> Self {
        Self { gravity: -10.0, enable_wind: false, wind_power: 15.0, turbulence_power: 1.5 }
    }
}

impl LanderOptions {
    fn check(&self) {
        let Self { gravity, wind_power, turbulence_power, .. } = *self;
        assert!(-12.0 < gravity && gravity < 0.0, "gravity is {gravity}, and must be between -12 and 0");
        assert!(wind_power.is_finite(), "wind_power is {wind_power}, and must be finite");
        assert!(turbulence_power.is_finite(), "turbulence_power is {turbulence_power}, and must be finite");
    }
}

fn observation_space() -> Space {
    let turn = 2.0 * std::f32::consts::PI;
    Space::bounded(&[-2.5, -2.5, -10.0, -10.0, -turn, -10.0, 0.0, 0.0], &[2.5, 2.5, 10.0, 10.0, turn, 10.0, 1.0, 1.0])
}

/// Everything that changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct State {
    rng: NumpyRng,
    /// `None` before the first reset.
    world: Option<World>,
    /// Positions of force and torque of the wind in their patterns.
    wind: [i64; 2],
    /// The potential whose gain is the reward.
    shaping: f64,
    ended: bool,
}

const OBS_LEN: usize = 8;
/// Width and height of the screen, in metres.
const WIDTH: f64 = 600.0 / SCALE;
const HEIGHT: f64 = 400.0 / SCALE;
/// Pixels of Gymnasium's screen in a metre.
const SCALE: f64 = 30.0;
const STEPS_PER_SECOND: f64 = 50.0;
const PAD_HEIGHT: f64 = HEIGHT / 4.0;
const LEG_DOWN: f64 = 18.0;
const LEG_AWAY: f64 = 20.0;

impl<A: LanderAction> Lander<A> {
    /// Returns the lander before its first reset. Its generator has seed 0.
    ///
    /// # Panics
    /// If the gravity is not between -12 and 0, or a power is not a number.
    pub fn new(options: LanderOptions) -> Self {
        options.check();
        Self {
            options,
            observation_space: observation_space(),
            action_space: A::space(),
            state: State::new(),
            #[cfg(feature = "render")]
            engines: Engines::OFF,
            action: PhantomData,
        }
    }

    /// Returns the options.
    pub fn options(&self) -> &LanderOptions {
        &self.options
    }
}

impl<A: LanderAction> Default for Lander<A> {
    fn default() -> Self {
        Self::new(LanderOptions::default())
    }
}

impl<A: LanderAction> Env for Lander<A> {
    type Obs = f32;
    type Action = A;

    fn name(&self) -> &str {
        A::NAME
    }

    fn observation_space(&self) -> &Space {
        &self.observation_space
    }

    fn action_space(&self) -> &Space {
        &self.action_space
    }

    fn reset(&mut self, seed: Option<u64>, obs: &mut [f32]) {
        #[cfg(feature = "render")]
        {
            self.engines = Engines::OFF;
        }
        self.state.reset(&self.options, seed, obs);
    }

    /// # Panics
    /// As the trait says, and if there was no reset since the episode ended, or if a throttle is NaN.
    fn step(&mut self, action: &[A], obs: &mut [f32]) -> Step {
        assert!(!self.state.ended, "{}: step needs a reset first", A::NAME);
        let engines = A::engines(action).unwrap_or_else(|why| panic!("{}: {why}", A::NAME));
        #[cfg(feature = "render")]
        {
            self.engines = engines;
        }
        self.state.step(&self.options, engines, obs)
    }

    fn save(&self) -> Result<Vec<u8>, EnvError> {
        encode_state(A::NAME, &self.state)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), EnvError> {
        self.state = decode_state(A::NAME, state)?;
        #[cfg(feature = "render")]
        {
            self.engines = Engines::OFF;
        }
        Ok(())
    }
}

/// The number type of the lander's actions: `u32` or `f32`.
pub trait LanderAction: ActionElement + sealed::Sealed {
    #[doc(hidden)]
    const NAME: &'static str;
    #[doc(hidden)]
    fn space() -> Space;
    /// Returns the engines that the action fires, or the fault of the action.
    #[doc(hidden)]
    fn engines(action: &[Self]) -> Result<Engines, String>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u32 {}
    impl Sealed for f32 {}
}

/// The power of the engines in a step.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Engines {
    /// 0, or 0.5 to 1.
    main: f64,
    side: f64,
    /// -1 for the left engine, 1 for the right one.
    direction: f64,
}

impl Engines {
    const OFF: Self = Self { main: 0.0, side: 0.0, direction: 0.0 };
}

impl LanderAction for u32 {
    const NAME: &'static str = "LunarLander-v3";

    fn space() -> Space {
        Space::discrete(4)
    }

    fn engines(action: &[u32]) -> Result<Engines, String> {
        match *action {
            [0] => Ok(Engines::OFF),
            [1] => Ok(Engines { side: 1.0, direction: -1.0, ..Engines::OFF }),
            [2] => Ok(Engines { main: 1.0, ..Engines::OFF }),
            [3] => Ok(Engines { side: 1.0, direction: 1.0, ..Engines::OFF }),
            _ => Err(format!("the action is one number from 0 to 3, not {action:?}")),
        }
    }
}

impl LanderAction for f32 {
    const NAME: &'static str = "LunarLanderContinuous-v3";

    fn space() -> Space {
        Space::bounded(&[-1.0; 2], &[1.0; 2])
    }

    /// Gymnasium takes NaN for "engine off", which hides a broken policy; here it is refused.
    fn engines(action: &[f32]) -> Result<Engines, String> {
        let (main, side) = match *action {
            [main, side] if !main.is_nan() && !side.is_nan() => (main, side),
            _ => return Err(format!("the action is two throttles, not {action:?}")),
        };
        let (main, side) = (f64::from(main.clamp(-1.0, 1.0)), f64::from(side.clamp(-1.0, 1.0)));
        Ok(Engines {
            main: if main > 0.0 { (main + 1.0) * 0.5 } else { 0.0 },
            side: if side.abs() > 0.5 { side.abs() } else { 0.0 },
            direction: side.signum(),
        })
    }
}

impl State {
    /// Returns the state before the first reset. The generator has seed 0.
    fn new() -> Self {
        Self { rng: NumpyRng::new(0), world: None, wind: [0; 2], shaping: 0.0, ended: true }
    }

    /// Makes a new ground and a lander above it. All draws are in Gymnasium's order.
    fn reset(&mut self, options: &LanderOptions, seed: Option<u64>, obs: &mut [f32]) {
        if let Some(seed) = seed {
            self.rng = NumpyRng::new(seed);
        }
        let edges = self.draw_ground();
        let push = [(); 2].map(|()| self.rng.uniform(-1000.0, 1000.0));
        if options.enable_wind {
            self.wind = [(); 2].map(|()| self.rng.integers(-9999, 9999));
        }

        let (x, y) = (WIDTH / 2.0, HEIGHT);
        // Gymnasium's outline, in the order of Box2D's convex hull.
        let outline = [(17.0, -10.0), (17.0, 0.0), (14.0, 17.0), (-14.0, 17.0), (-17.0, 0.0), (-17.0, -10.0)];
        let outline = outline.map(|(x, y)| narrowed(x / SCALE, y / SCALE));
        let mut hull = Body::new(Polygon::new(&outline), 5.0, 0.1, narrowed(x, y), 0.0);
        hull.apply_force(narrowed(push[0], push[1]));
        let legs = [-1.0, 1.0].map(|side: f64| {
            let polygon = Polygon::new_box((2.0 / SCALE) as f32, (8.0 / SCALE) as f32);
            Body::new(polygon, 1.0, 0.2, narrowed(x - side * LEG_AWAY / SCALE, y), (side * 0.05) as f32)
        });
        let joints =
            [(-1.0, 0.9 - 0.5, 0.9), (1.0, -0.9, -0.9 + 0.5)].map(|(side, lower, upper): (f64, f64, f64)| Joint {
                anchors: [Vec2::ZERO, narrowed(side * LEG_AWAY / SCALE, LEG_DOWN / SCALE)],
                // pybox2d takes the angle between the bodies when the joint is made.
                reference_angle: (side * 0.05) as f32,
                lower_angle: lower as f32,
                upper_angle: upper as f32,
                motor_speed: (0.3 * side) as f32,
                max_motor_torque: 40.0,
                impulse: Impulse::default(),
                limit: Limit::Inside,
            });
        let [leg0, leg1] = legs;
        self.world = Some(World::new(options.gravity as f32, edges, [hull, leg0, leg1], joints));
        // Gymnasium takes a first step with the engines off and discards its reward.
        self.step(options, Engines::OFF, obs);
    }

    /// A base line below everything, and ten segments through smoothed random heights, level about the pad.
    fn draw_ground(&mut self) -> [Edge; NUM_EDGES] {
        const POINTS: usize = 11;
        let mut heights = [(); POINTS + 1].map(|()| self.rng.uniform(0.0, HEIGHT / 2.0));
        heights[POINTS / 2 - 2..=POINTS / 2 + 2].fill(PAD_HEIGHT);
        let point = |i: usize| {
            let before = heights[if i == 0 { POINTS } else { i - 1 }];
            let smooth = 0.33 * (before + heights[i] + heights[i + 1]);
            narrowed(WIDTH / (POINTS - 1) as f64 * i as f64, smooth)
        };
        std::array::from_fn(|i| match i {
            0 => Edge::new(Vec2::ZERO, narrowed(WIDTH, 0.0), 0.2),
            _ => Edge::new(point(i - 1), point(i), 0.1),
        })
    }

    fn step(&mut self, options: &LanderOptions, engines: Engines, obs: &mut [f32]) -> Step {
        self.act(options, engines);
        self.world().step();
        self.outcome(engines, obs)
    }

    fn world(&mut self) -> &mut World {
        self.world.as_mut().expect("reset makes the world")
    }

    /// Applies wind and engines before the world steps.
    fn act(&mut self, options: &LanderOptions, engines: Engines) {
        let Self { rng, world, wind, .. } = self;
        let world = world.as_mut().expect("reset makes the world");
        if options.enable_wind && world.legs_down == [false; 2] {
            blow(&mut world.bodies[HULL], wind, options);
        }
        fire(&mut world.bodies[HULL], engines, [(); 2].map(|()| rng.uniform(-1.0, 1.0) / SCALE));
    }

    /// Writes the observation, and returns reward and end.
    fn outcome(&mut self, engines: Engines, obs: &mut [f32]) -> Step {
        assert_eq!(obs.len(), OBS_LEN, "an observation of the lander has {OBS_LEN} numbers");
        let world = self.world();
        let state = observe(world);
        let failed = world.crashed || state[0].abs() >= 1.0;
        let landed = !world.bodies[HULL].awake;
        for (number, &value) in obs.iter_mut().zip(&state) {
            *number = value as f32;
        }

        let [x, y, vx, vy, angle, _, leg0, leg1] = state;
        let shaping = -100.0 * (x * x + y * y).sqrt() - 100.0 * (vx * vx + vy * vy).sqrt() - 100.0 * angle.abs()
            + 10.0 * leg0
            + 10.0 * leg1;
        let gain = shaping - std::mem::replace(&mut self.shaping, shaping);
        let mut reward = gain - engines.main * 0.30 - engines.side * 0.03;
        if failed {
            reward = -100.0;
        }
        if landed {
            reward = 100.0;
        }
        self.ended = failed || landed;
        Step { reward, terminated: self.ended, truncated: false }
    }
}

/// Returns the observation before it is rounded to single precision.
fn observe(world: &World) -> [f64; OBS_LEN] {
    let hull = &world.bodies[HULL];
    let wide = |v: Vec2| (f64::from(v.x), f64::from(v.y));
    let ((x, y), (vx, vy)) = (wide(hull.transform.position), wide(hull.velocity.linear));
    let [leg0, leg1] = world.legs_down.map(|down| if down { 1.0 } else { 0.0 });
    [
        (x - WIDTH / 2.0) / (WIDTH / 2.0),
        (y - (PAD_HEIGHT + LEG_DOWN / SCALE)) / (HEIGHT / 2.0),
        vx * (WIDTH / 2.0) / STEPS_PER_SECOND,
        vy * (HEIGHT / 2.0) / STEPS_PER_SECOND,
        f64::from(hull.sweep.angle),
        20.0 * f64::from(hull.velocity.angular) / STEPS_PER_SECOND,
        leg0,
        leg1,
    ]
}

/// Applies force and torque of the wind, whose patterns never repeat.
fn blow(hull: &mut Body, wind: &mut [i64; 2], options: &LanderOptions) {
    let [force, torque] = wind.each_mut().map(|index| {
        let t = *index as f64;
        *index += 1;
        libm::tanh(sin(0.02 * t) + sin(PI * 0.01 * t))
    });
    hull.apply_force(narrowed(force * options.wind_power, 0.0));
    hull.apply_torque((torque * options.turbulence_power) as f32);
}

/// Applies the impulses of the engines to the hull. `dispersion` is the noise, in metres.
fn fire(hull: &mut Body, engines: Engines, dispersion: [f64; 2]) {
    const MAIN_POWER: f64 = 13.0;
    const MAIN_DOWN: f64 = 4.0;
    const SIDE_POWER: f64 = 0.6;
    const SIDE_AWAY: f64 = 12.0;
    // Gymnasium has 17 across and 14 up, although one height was meant: the side engines' place depends on the angle.
    const SIDE_ACROSS: f64 = 17.0;
    const SIDE_UP: f64 = 14.0;

    let [noise0, noise1] = dispersion;
    // Gymnasium's are those of the C library, which may differ in the last bit; narrowing the impulse drops 29 bits.
    let (sin, cos) = sin_cos(f64::from(hull.sweep.angle));
    let (x, y) = (f64::from(hull.transform.position.x), f64::from(hull.transform.position.y));
    if engines.main > 0.0 {
        let down = MAIN_DOWN / SCALE + 2.0 * noise0;
        let offset = (sin * down + -cos * noise1, -cos * down - sin * noise1);
        let power = |offset: f64| -offset * MAIN_POWER * engines.main;
        hull.apply_impulse(narrowed(power(offset.0), power(offset.1)), narrowed(x + offset.0, y + offset.1));
    }
    if engines.side > 0.0 {
        let across = 3.0 * noise1 + engines.direction * SIDE_AWAY / SCALE;
        let offset = (sin * noise0 + -cos * across, -cos * noise0 - sin * across);
        let power = |offset: f64| -offset * SIDE_POWER * engines.side;
        hull.apply_impulse(
            narrowed(power(offset.0), power(offset.1)),
            narrowed(x + offset.0 - sin * SIDE_ACROSS / SCALE, y + offset.1 + cos * SIDE_UP / SCALE),
        );
    }
}

/// Python computes in double precision, Box2D in single.
fn narrowed(x: f64, y: f64) -> Vec2 {
    Vec2::new(x as f32, y as f32)
}
