//! How far the children of one element have come along its content model.
//!
//! The schema is deterministic, so one place per alternative is enough and nothing is ever tried twice.

use std::collections::BTreeSet;

use crate::document::{BPMN, Node};
use crate::schema::grammar::{ContentType, Grammar, Name, Particle, Term, Type, name_of};

/// The most alternatives that the schema has anywhere.
const MAX_ALTERNATIVES: usize = 3;

/// What a child turns out to be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Declared<'g> {
    Type(&'g Type),
    Content(&'g ContentType),
    /// Nothing is known of it: it may hold anything.
    Unknown,
}

/// A place in each alternative that is still possible: the particle, and how often it was there.
#[derive(Debug)]
pub(super) struct ContentState<'g> {
    alternatives: &'g [Vec<Particle>],
    places: [Option<(usize, u32)>; MAX_ALTERNATIVES],
    is_violated: bool,
}

impl<'g> ContentState<'g> {
    pub fn new(alternatives: &'g [Vec<Particle>]) -> ContentState<'g> {
        let places = std::array::from_fn(|at| (at < alternatives.len()).then_some((0, 0)));
        ContentState { alternatives, places, is_violated: false }
    }

    /// Takes the next child. `Err` holds what would have been right, the first time a child is out of place.
    pub fn next(&mut self, child: Node<'_>, grammar: &'g Grammar) -> (Declared<'g>, Result<(), String>) {
        if self.is_violated {
            return (self.declared_anywhere(child, grammar), Ok(()));
        }
        let before = self.places;
        let mut declared = None;
        for (place, particles) in self.places.iter_mut().zip(self.alternatives) {
            let taken = place.and_then(|(at, count)| take(particles, at, count, child, grammar));
            *place = taken.map(|(at, count, _)| (at, count));
            declared = declared.or(taken.map(|(.., found)| found));
        }
        match declared {
            Some(declared) => (declared, Ok(())),
            None => {
                self.places = before;
                self.is_violated = true;
                (self.declared_anywhere(child, grammar), Err(self.expected()))
            }
        }
    }

    /// `Err` holds what is still missing.
    pub fn finish(&self) -> Result<(), String> {
        let is_complete = self.places.iter().zip(self.alternatives).any(|(place, particles)| {
            place.is_some_and(|(at, count)| {
                particles
                    .iter()
                    .enumerate()
                    .skip(at)
                    .all(|(here, particle)| here == at && count >= particle.least || particle.least == 0)
            })
        });
        if self.is_violated || is_complete { Ok(()) } else { Err(self.expected()) }
    }

    /// An element out of place is still what it is declared as in this content, or globally.
    fn declared_anywhere(&self, child: Node<'_>, grammar: &'g Grammar) -> Declared<'g> {
        let local = self.alternatives.iter().flatten().find_map(|particle| matched(&particle.term, child, grammar));
        local.unwrap_or_else(|| declared_globally(child, grammar))
    }

    fn expected(&self) -> String {
        let mut names = BTreeSet::new();
        for (place, particles) in self.places.iter().zip(self.alternatives) {
            let Some((at, mut count)) = *place else { continue };
            for particle in &particles[at.min(particles.len())..] {
                if count < particle.most {
                    names.insert(describe(&particle.term));
                }
                if count < particle.least {
                    break;
                }
                count = 0;
            }
        }
        if names.is_empty() { "nothing".to_owned() } else { names.into_iter().collect::<Vec<_>>().join(", ") }
    }
}

/// The global declaration of an element.
pub(super) fn declared_globally<'g>(node: Node<'_>, grammar: &'g Grammar) -> Declared<'g> {
    name_of(node).and_then(|name| grammar.element_type(name)).map_or(Declared::Unknown, Declared::Type)
}

fn take<'g>(
    particles: &'g [Particle],
    mut at: usize,
    mut count: u32,
    child: Node<'_>,
    grammar: &'g Grammar,
) -> Option<(usize, u32, Declared<'g>)> {
    while let Some(particle) = particles.get(at) {
        if count < particle.most
            && let Some(declared) = matched(&particle.term, child, grammar)
        {
            return Some((at, count + 1, declared));
        }
        if count < particle.least {
            return None;
        }
        (at, count) = (at + 1, 0);
    }
    None
}

fn matched<'g>(term: &'g Term, child: Node<'_>, grammar: &'g Grammar) -> Option<Declared<'g>> {
    let is_named = |name: Name<'_>| name_of(child) == Some(name);
    let is_substitute = |head: Name<'_>| name_of(child).is_some_and(|name| grammar.is_substitute(name, head));
    match term {
        Term::Global(head) => is_substitute(*head).then(|| declared_globally(child, grammar)),
        Term::Local { name, content } => is_named(*name).then_some(Declared::Content(content)),
        Term::OtherNamespace => {
            let is_other = child.tag_name().namespace().is_some_and(|uri| !uri.is_empty() && uri != BPMN);
            is_other.then(|| declared_globally(child, grammar))
        }
        Term::Anything => Some(declared_globally(child, grammar)),
    }
}

fn describe(term: &Term) -> &'static str {
    match term {
        Term::Global((_, name)) | Term::Local { name: (_, name), .. } => name,
        Term::OtherNamespace => "extension elements",
        Term::Anything => "anything",
    }
}
