//! The observers of a run.

use crate::error::HpoError;
use crate::run::event::{Event, Flow, Observer};

/// The observers of a run, and whether one of them asked for a stop or a pause.
pub(super) struct Audience<A> {
    pub(super) observers: Vec<Box<dyn Observer<A> + Send>>,
    pub(super) stop: bool,
    pub(super) pause: bool,
}

impl<A> Audience<A> {
    /// Passes an event to every observer, even after one asked for a stop or failed: if the table cannot be printed,
    /// the next observer must still save the elite.
    pub(super) fn tell(&mut self, event: &Event<'_, A>) -> Result<(), HpoError> {
        let mut told = Ok(());
        for observer in &mut self.observers {
            match observer.observe(event) {
                Ok(flow) => {
                    self.stop |= flow == Flow::Stop;
                    self.pause |= flow == Flow::Pause;
                }
                Err(source) => told = told.and(Err(HpoError::Observer { source })),
            }
        }
        told
    }
}
