//! Model → provider, upstream name, credential: which route serves a call, and which comes after one that failed.
//!
//! Lower priorities come first; inside one priority routes that speak the caller's dialect, and among those the weight decides. Routes whose
//! breaker is open are left out, unless nothing else is left for a first try.

mod retry;

use std::sync::Arc;

use llm::Dialect;
use server::{
    directory::{ModelEntry, Route},
    health::{Condition, Pass},
};
use types::{Timestamp, error::Code};

pub use retry::{Failure, OUT_OF_TIME, Tries, Verdict, What, retry_after};

use crate::Error;

/// The routes of one call, and which of them were tried.
pub struct Plan {
    model: Arc<ModelEntry>,
    dialect: Dialect,
    dice: u64,
    /// One bit a route. Routes beyond the 64th are never taken.
    tried: u64,
}

/// A route that is to be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// Among the model's routes.
    pub index: usize,
    pub pass: Pass,
}

/// Sorts routes: what is less is tried first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    priority: u32,
    is_translated: bool,
}

impl Plan {
    /// `dice` is any evenly spread number; the same number takes the same route.
    pub fn new(model: Arc<ModelEntry>, dialect: Dialect, dice: u64) -> Self {
        Plan {
            model,
            dialect,
            dice,
            tried: 0,
        }
    }

    /// A route that speaks the caller's dialect, for who only asks something beside: no breaker hears of it.
    pub fn peek(&self, now: Timestamp) -> Option<&Route> {
        let native = self
            .waiting(now)
            .filter(|(_, route)| route.provider.speaks(self.dialect));
        native.min_by_key(|(_, route)| route.priority).map(|(_, route)| route)
    }

    pub fn route(&self, choice: Choice) -> &Route {
        &self.model.routes[choice.index]
    }

    /// The route for the first try; when all are left alone, the one that has been for the longest.
    ///
    /// Errors: 400 when no provider of the model can be asked for such a call, translated or not.
    pub fn first(&mut self, now: Timestamp) -> Result<Choice, Error> {
        if let Some(choice) = self.next(now) {
            return Ok(choice);
        }
        let longest = self.able().min_by_key(|(_, route)| route.deployment.opened_at());
        match longest.map(|(index, _)| index) {
            Some(index) => {
                self.tried |= 1 << index;
                Ok(Choice {
                    index,
                    pass: Pass::Trial,
                })
            }
            None => Err(self.unable()),
        }
    }

    /// Another route, if one is left that is not left alone.
    pub fn next(&mut self, now: Timestamp) -> Option<Choice> {
        loop {
            let index = self.pick(now)?;
            self.tried |= 1 << index;
            // Somebody else may have taken the one try that a breaker allows.
            if let Some(pass) = self.model.routes[index].deployment.pass(now) {
                return Some(Choice { index, pass });
            }
        }
    }

    /// Whether [`Plan::next`] may find one.
    pub fn has_next(&self, now: Timestamp) -> bool {
        self.waiting(now).next().is_some()
    }

    /// Among the routes of the first rank, the one that the dice fall on.
    fn pick(&self, now: Timestamp) -> Option<usize> {
        let rank = self.waiting(now).map(|(_, route)| self.rank(route)).min()?;
        let equal = || self.waiting(now).filter(|(_, route)| self.rank(route) == rank);
        let total: u64 = equal().map(|(_, route)| u64::from(route.weight)).sum();
        let mut point = if total == 0 { 0 } else { self.dice % total };
        for (index, route) in equal() {
            let weight = u64::from(route.weight);
            if point < weight || total == 0 {
                return Some(index);
            }
            point -= weight;
        }
        None
    }

    /// Routes that can be tried now and were not.
    fn waiting(&self, now: Timestamp) -> impl Iterator<Item = (usize, &Route)> {
        self.able().filter(move |(index, route)| {
            self.tried & 1 << index == 0 && !matches!(route.deployment.condition(now), Condition::Open(_))
        })
    }

    /// Routes whose providers can be asked at all.
    fn able(&self) -> impl Iterator<Item = (usize, &Route)> {
        let routes = self.model.routes.iter().enumerate().take(u64::BITS as usize);
        routes.filter(|(_, route)| way(route, self.dialect).is_some())
    }

    fn rank(&self, route: &Route) -> Rank {
        Rank {
            priority: route.priority,
            is_translated: !route.provider.speaks(self.dialect),
        }
    }

    fn unable(&self) -> Error {
        let what = match self.dialect {
            Dialect::Embeddings => "makes no embeddings. Choose another model: GET /v1/models lists them",
            _ => "answers no chats. Call POST /v1/embeddings",
        };
        let message = format!("The model {:?} is served by an upstream that {what}.", self.model.name);
        Error::refused(Code::BadRequest, message)
    }
}

/// The dialect in which this route's provider is asked for a call in the caller's: the same if it speaks it, else the one that loses least.
pub fn way(route: &Route, client: Dialect) -> Option<Dialect> {
    let mut ways = llm::translate::upstreams(client).iter().copied();
    ways.find(|dialect| route.provider.speaks(*dialect))
}

#[cfg(test)]
mod tests;
