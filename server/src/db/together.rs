//! One look into the database for everybody who asks the same question at the same moment.
//!
//! Nobody is given an answer that was begun before they asked: who comes while a look is under way waits for the next one. So a reader
//! always sees what was committed when they asked, and a thousand pages that show the same sums cost two looks, not a thousand.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::oneshot;

use super::Db;
use crate::error::Result;

#[cfg(test)]
mod tests;

type Waiting<A> = Vec<oneshot::Sender<Arc<A>>>;

/// Questions of one kind, and who waits for each. A question that nobody asks takes no memory.
pub(super) struct Together<Q, A>(Mutex<HashMap<Q, Waiting<A>>>);

impl<Q, A> Default for Together<Q, A> {
    fn default() -> Self {
        Together(Mutex::default())
    }
}

impl<Q, A> Together<Q, A>
where
    Q: Clone + Eq + Hash + Send + 'static,
    A: Send + Sync + 'static,
{
    /// The answer to `question`, of a look that begins after this call. `of` finds the place where questions of this kind wait. An error
    /// is not shared: who waited for a look that failed looks for themselves.
    pub(super) async fn ask<L, F>(db: &Db, of: fn(&Db) -> &Self, question: Q, look: L) -> Result<Arc<A>>
    where
        L: Fn(Db, Q) -> F + Send + Sync + 'static,
        F: Future<Output = Result<A>> + Send,
    {
        let (sender, answer) = oneshot::channel();
        let look = Arc::new(look);
        if of(db).line_up(question.clone(), sender) {
            let (db, question, look) = (db.clone(), question.clone(), look.clone());
            let tasks = db.clone();
            tasks.spawn(async move {
                let mut line = Line {
                    db,
                    of,
                    question,
                    is_empty: false,
                };
                while let Some(waiting) = line.next() {
                    // Dropped senders tell the others that this look failed.
                    if let Ok(answer) = look(line.db.clone(), line.question.clone()).await {
                        let answer = Arc::new(answer);
                        for one in waiting {
                            let _ = one.send(answer.clone());
                        }
                    }
                }
            });
        }
        match answer.await {
            Ok(answer) => Ok(answer),
            Err(_) => look(db.clone(), question).await.map(Arc::new),
        }
    }

    /// Whether nobody looks for this question yet, so that the caller must.
    fn line_up(&self, question: Q, sender: oneshot::Sender<Arc<A>>) -> bool {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let looked_for = lines.contains_key(&question);
        lines.entry(question).or_default().push(sender);
        !looked_for
    }

    /// Everybody who waits now; `None`, and the question is forgotten, when nobody does.
    fn next(&self, question: &Q) -> Option<Waiting<A>> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = lines.get_mut(question).map(std::mem::take).unwrap_or_default();
        if waiting.is_empty() {
            lines.remove(question);
            return None;
        }
        Some(waiting)
    }

    /// Sends everybody who waits to look for themselves.
    fn give_up(&self, question: &Q) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(question);
    }
}

/// What the task that looks for one question holds: when it ends, by a panic too, nobody is left waiting in a line that nothing moves.
struct Line<Q, A>
where
    Q: Clone + Eq + Hash + Send + 'static,
    A: Send + Sync + 'static,
{
    db: Db,
    of: fn(&Db) -> &Together<Q, A>,
    question: Q,
    is_empty: bool,
}

impl<Q, A> Line<Q, A>
where
    Q: Clone + Eq + Hash + Send + 'static,
    A: Send + Sync + 'static,
{
    fn next(&mut self) -> Option<Waiting<A>> {
        let waiting = (self.of)(&self.db).next(&self.question);
        self.is_empty = waiting.is_none();
        waiting
    }
}

impl<Q, A> Drop for Line<Q, A>
where
    Q: Clone + Eq + Hash + Send + 'static,
    A: Send + Sync + 'static,
{
    fn drop(&mut self) {
        // An empty line is forgotten already, and may be somebody else's by now.
        if !self.is_empty {
            (self.of)(&self.db).give_up(&self.question);
        }
    }
}
