//! The observers of a run.

use crate::error::HpoError;
use crate::run::event::{Event, Flow, Observer};

/// The observers of a run, and their wishes.
pub(super) struct Audience<A> {
    pub(super) observers: Vec<Box<dyn Observer<A> + Send>>,
    pub(super) stop: bool,
    pub(super) pause: bool,
}

impl<A> Audience<A> {
    /// Everybody hears of everything, even after one of them said stop or failed: a table that cannot be printed must not
    /// cost the elite that the next observer saves.
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
