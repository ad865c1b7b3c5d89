//! Interference with calls: throttled, denied, failing, or answered into the void.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Estate;
use super::planned::Number;
use super::reply::Refusal;
use super::request::{Request, Service};

/// Which calls an interference meets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calls {
    /// The action; every one when absent.
    #[serde(default)]
    pub action: Option<String>,
    /// The caller; every one when absent.
    #[serde(default)]
    pub caller: Option<String>,
    /// How often; without end when absent.
    #[serde(default)]
    pub times: Option<u32>,
}

/// What an interference does to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Throttle,
    LoseReply,
    ServerError,
    Deny,
}

/// An interference that meets some calls.
#[derive(Clone, Debug)]
pub(crate) struct Interference {
    pub(crate) number: Number,
    pub(crate) kind: Kind,
    pub(crate) calls: Calls,
}

/// What becomes of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is answered.
    Pass,
    /// It is refused, and has no effect.
    Refuse(Refusal),
    /// It has its effect, and no answer.
    LoseReply,
}

impl Estate {
    /// Finds what interferes with a call, and uses it up.
    pub(crate) fn interfere(&mut self, at: Timestamp, request: &Request) -> Verdict {
        let found = self.interference.iter_mut().find(|interference| {
            let calls = &interference.calls;
            calls.times != Some(0)
                && calls.action.as_ref().is_none_or(|action| *action == request.action)
                && calls.caller.as_ref().is_none_or(|caller| *caller == request.caller)
        });
        let Some(interference) = found else {
            return Verdict::Pass;
        };
        if let Some(times) = interference.calls.times.as_mut() {
            *times -= 1;
        }
        let (number, kind) = (interference.number, interference.kind);
        self.struck(at, number);
        match kind {
            Kind::LoseReply => Verdict::LoseReply,
            Kind::Throttle => Verdict::Refuse(match request.service {
                Service::Rds => Refusal::new("Throttling", "Rate exceeded"),
                Service::Ecs => Refusal::new("ThrottlingException", "Rate exceeded"),
            }),
            Kind::ServerError => Verdict::Refuse(Refusal {
                status: 500,
                ..Refusal::new(
                    match request.service {
                        Service::Rds => "InternalFailure",
                        Service::Ecs => "ServerException",
                    },
                    "The request processing has failed because of an unknown error.",
                )
            }),
            Kind::Deny => {
                let (code, status, prefix) = match request.service {
                    Service::Rds => ("AccessDenied", 403, "rds"),
                    Service::Ecs => ("AccessDeniedException", 400, "ecs"),
                };
                let message =
                    format!("{} is not authorized to perform: {prefix}:{}", request.caller, request.action);
                Verdict::Refuse(Refusal { status, ..Refusal::new(code, message) })
            }
        }
    }

    /// Takes the faults that a call pulls, with their seconds.
    pub(crate) fn pulled(&mut self, request: &Request) -> Vec<(f64, Number)> {
        let mut pulled = Vec::new();
        self.triggers.retain_mut(|trigger| {
            let now = trigger.counts(request);
            if now {
                pulled.push((trigger.when.after, trigger.number));
            }
            !now
        });
        pulled
    }
}
