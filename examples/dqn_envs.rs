//! The list of environments that the example `dqn` prints.

use agilerl::env::{ActionElement, Actions, Element, EnvError, EnvInfo, Observations, Space, catalogue, make};

/// A line for each environment of the catalogue: first the environments that `dqn` can learn, then the others.
pub(crate) fn list() -> String {
    let heading = ["environment", "observes", "chooses", "steps", "solved at", ""].map(str::to_owned);
    let trains = |info: &&EnvInfo| info.actions == Actions::Choice;
    let ours = catalogue().filter(trains).map(line);
    let others = catalogue().filter(|info| !trains(info)).map(line);
    let text = |lines: &mut dyn Iterator<Item = [String; 6]>| lines.map(written).collect::<String>();
    let not_ours = "\nnot for dqn, which chooses among actions, since these want numbers:\n";
    text(&mut std::iter::once(heading).chain(ours)) + not_ours + &text(&mut others.into_iter())
}

fn line(info: &EnvInfo) -> [String; 6] {
    let spaces = match (info.observations, info.actions) {
        (Observations::Numbers, Actions::Choice) => spaces::<f32, u32>(info.name),
        (Observations::Numbers, Actions::Continuous) => spaces::<f32, f32>(info.name),
        (Observations::Pixels, Actions::Choice) => spaces::<u8, u32>(info.name),
        (Observations::Pixels, Actions::Continuous) => spaces::<u8, f32>(info.name),
    };
    let (observes, chooses) = spaces.expect("the catalogue makes the environments that it lists");
    let none = || "-".to_owned();
    let limit = info.max_episode_steps.map_or_else(none, |steps| steps.to_string());
    let threshold = info.reward_threshold.map_or_else(none, |threshold| threshold.to_string());
    [info.name.to_owned(), observes, chooses, limit, threshold, info.summary.to_owned()]
}

fn spaces<O: Element, C: ActionElement>(name: &str) -> Result<(String, String), EnvError> {
    let env = make::<O, C>(name)?;
    Ok((kind(env.observation_space()), kind(env.action_space())))
}

fn kind(space: &Space) -> String {
    match space {
        Space::Discrete { .. } => format!("1 of {}", space.choices().unwrap_or(0)),
        Space::Box { shape, .. } if shape.len() == 1 => match shape[0] {
            1 => "1 number".to_owned(),
            count => format!("{count} numbers"),
        },
        Space::Box { shape, .. } => shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x "),
    }
}

fn written([name, observes, chooses, limit, threshold, summary]: [String; 6]) -> String {
    let line = format!("{name:<29}{observes:<13}{chooses:<11}{limit:<7}{threshold:<11}{summary}");
    line.trim_end().to_owned() + "\n"
}
