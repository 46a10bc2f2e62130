//! What a person sees.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use agilerl_hpo::{
    Bounds, BoxError, Change, Console, Evaluation, Event, Evolve, Flow, GenerationReport, HpoError, Hyperparameter,
    Individual, Mutation, MutationKind, Observer, RoundContext, RoundStats, StreamRng, Streams, Task, Trainer,
    TrainerConfig, toy::Guess,
};

use crate::population::{guesses, short, trainer};

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).expect("UTF-8")
    }
}

#[test]
fn a_generation_is_a_header_and_a_line_per_individual() {
    let paper = Paper::default();
    trainer(TrainerConfig { generations: 2, ..short(4) })
        .with_observer(Console::new(paper.clone()))
        .run()
        .expect("it runs");
    let text = paper.text();
    let blocks: Vec<Vec<&str>> = text.split("\n\n").map(|block| block.lines().collect()).collect();
    assert_eq!(blocks[0], ["population of 6 | 2 generations of 150 steps at most | no target | seed 4"]);
    assert!(blocks[1][0].starts_with("generation 1 of 2 | 150 steps | "), "{text}");
    assert_eq!(
        blocks[1][1].split_whitespace().collect::<Vec<_>>().join(" "),
        "id from fitness spread lr batch_size architecture origin"
    );
    for block in &blocks[1..3] {
        assert!(block.len() >= 2 + 6, "{text}");
        assert_eq!(block[2..8].iter().filter(|line| line.starts_with('*')).count(), 1, "one is the best\n{text}");
    }
    assert!(blocks[1][2..8].iter().all(|line| line.ends_with("start")), "{text}");
    assert!(blocks[2][2].ends_with("kept"), "{text}");
    assert!(blocks[3][0].starts_with("all generations done; the elite, individual "), "{text}");
}

/// As much to say as an individual can have.
#[derive(Clone)]
struct Verbose(f64);

impl Evolve for Verbose {
    fn hyperparameters(&self) -> Vec<Hyperparameter> {
        let names = ["lr", "batch_size", "learn_step", "gamma", "tau"];
        names.map(|name| Hyperparameter { name: name.to_owned(), value: self.0, integer: false }).into()
    }

    fn set_hyperparameter(&mut self, _: &str, value: f64) {
        self.0 = value;
    }

    fn mutate(&mut self, kind: MutationKind, _: &Mutation, _: &mut StreamRng) -> Option<Change> {
        if kind != MutationKind::Architecture {
            return None;
        }
        let [before, after] = [vec![64; 9], vec![64; 10]].map(Into::into);
        Some(Change { what: "add_layer".to_owned(), before, after })
    }

    fn architecture(&self) -> String {
        "8-[64, 64, 64, 64, 64, 64, 64, 64, 64]-4 leaky_relu layer_norm".to_owned()
    }
}

struct Still;

impl Task for Still {
    type Agent = Verbose;
    type Shared = ();
    type Slot = ();
    fn shared(&self) -> Result<(), BoxError> {
        Ok(())
    }
    fn slot(&self, _: usize, _: &Streams) -> Result<(), BoxError> {
        Ok(())
    }
    fn train(&self, _: &mut Verbose, _: &mut (), _: &(), _: &RoundContext) -> Result<RoundStats, BoxError> {
        Ok(RoundStats::default())
    }
    fn evaluate(&self, _: &Verbose, seeds: &[u64]) -> Result<Evaluation, BoxError> {
        Ok(Evaluation { returns: vec![-1.23e12; seeds.len()], env_steps: 0, cut: 0 })
    }
}

/// Tells a console of rounds that end at these seconds of the run's clock, and gives what it printed then.
fn rounds(console: &mut Console<Paper>, paper: &Paper, seconds: &[u64]) -> String {
    let before = paper.text().len();
    for &wall in seconds {
        let wall = Duration::from_secs(wall);
        // Six individuals of 25 transitions a generation: the third generation has done 25 of its 150.
        tell(console, &Event::Round { generation: 2, env_steps: 325, wall });
    }
    paper.text()[before..].to_owned()
}

fn tell(console: &mut Console<Paper>, event: &Event<'_, Guess>) {
    console.observe(event).expect("paper takes everything");
}

fn started(population: &[Individual<Guess>]) -> Event<'_, Guess> {
    let (generations, generation_env_steps) = (1_000, 150);
    Event::Started { seed: 1, generations, generation_env_steps, target: None, evolving: &[], population }
}

#[test]
fn a_generation_that_takes_long_shows_a_sign_of_life_every_ten_seconds() {
    let paper = Paper::default();
    let mut console = Console::new(paper.clone()).with_pulse(Duration::from_secs(10));
    let population = Individual::founders(guesses());
    tell(&mut console, &started(&population));
    // Due at 10, and ten seconds after the line that came late, at 14.
    let line = |clock: &str| format!("generation 3 of 1000 trains | 25 of 150 steps | {clock}\n");
    let expected = [line("0:00:14"), line("0:00:24"), line("1:02:03")].concat();
    assert_eq!(rounds(&mut console, &paper, &[3, 9, 14, 20, 23, 24, 33, 3723]), expected);
    // A table shows life too: the next line is due ten seconds later.
    let evaluations = vec![Evaluation { returns: vec![1.0], env_steps: 1, cut: 0 }; 6];
    tell(
        &mut console,
        &Event::Evaluated(&GenerationReport {
            generation: 2,
            population: &population,
            training: &vec![RoundStats::default(); 6],
            evaluations: &evaluations,
            elite: 0,
            env_steps: 450,
            eval_steps: 6,
            wall: Duration::from_secs(3730),
        }),
    );
    assert_eq!(rounds(&mut console, &paper, &[3733, 3739]), "");
    assert_eq!(rounds(&mut console, &paper, &[3740]), line("1:02:20"));
}

#[test]
fn the_clock_of_a_resumed_run_does_not_start_with_a_sign_of_life() {
    let paper = Paper::default();
    let mut console = Console::new(paper.clone()).with_pulse(Duration::from_secs(10));
    let population = Individual::founders(guesses());
    let (generation, generations, generation_env_steps, env_steps) = (2, 9, 150, 300);
    let population = &population[..];
    let evolving = &[];
    let resumed = Event::Resumed { generation, generations, generation_env_steps, env_steps, evolving, population };
    tell(&mut console, &resumed);
    // It ran for an hour before.
    assert_eq!(rounds(&mut console, &paper, &[3600, 3609]), "");
    assert_eq!(rounds(&mut console, &paper, &[3610]), "generation 3 of 9 trains | 25 of 150 steps | 1:00:10\n");
}

#[test]
fn without_a_pulse_a_round_prints_nothing() {
    let paper = Paper::default();
    let mut console = Console::new(paper.clone());
    tell(&mut console, &started(&Individual::founders(guesses())));
    assert_eq!(rounds(&mut console, &paper, &[10, 20, 3600]), "");
}

#[test]
fn a_round_tells_the_clock_of_the_run() {
    let walls: Arc<Mutex<Vec<Duration>>> = Arc::default();
    let heard = Arc::clone(&walls);
    let mut trainer = trainer(short(1)).on_event(move |event| {
        if let Event::Round { wall, .. } = event {
            heard.lock().unwrap().push(*wall);
        }
        Ok(Flow::Continue)
    });
    trainer.run().expect("it runs");
    let walls = walls.lock().unwrap();
    assert_eq!(walls.len(), 5 * 3);
    assert!(walls[0] > Duration::ZERO && walls.is_sorted() && walls.last() <= Some(&trainer.wall()), "{walls:?}");
}

#[test]
fn output_that_fails_is_said_to_be_the_consoles() {
    /// Takes so many bytes; in the end it is as full as `/dev/full`.
    struct Full {
        room: usize,
        fails_to_flush: bool,
    }
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.room = self.room.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            if self.fails_to_flush { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
        }
    }
    for (room, fails_to_flush) in [(0, false), (100, false), (1 << 20, true)] {
        let mut trainer = trainer(short(4)).with_observer(Console::new(Full { room, fails_to_flush }));
        let HpoError::Observer { source } = trainer.run().expect_err("the disk is full") else { panic!("who failed?") };
        assert_eq!(source.to_string(), "cannot print the progress of the run to its writer");
        assert_eq!(source.source().expect("the system's words").to_string(), "no storage space");
    }
}

#[test]
fn no_line_is_wider_than_100_columns() {
    let paper = Paper::default();
    let bounds = Bounds { min: 1e-9, max: 1.0, factor: 1.2345 };
    let mutation = Mutation { no_mutation: 0.0, ..Mutation::default() }.with_hyperparameter("batch_size", bounds);
    let config = TrainerConfig { mutation, ..short(4) };
    let agents = vec![Verbose(1.234_567_89e-3); 4];
    let mut trainer = Trainer::new(Still, agents, config).expect("sound").with_observer(Console::new(paper.clone()));
    trainer.run().expect("it runs");
    let text = paper.text();
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{text}");
    assert!(text.contains("add_la"), "what mutated it is readable\n{text}");
}
