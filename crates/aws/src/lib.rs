//! The ports of crate `recovery` on AWS, a file or two per service, and what every Lambda function needs to start.

pub mod cloudwatch;
pub mod dns;
pub mod ecs;
pub mod events;
pub mod executions;
pub mod failure;
pub mod function;
pub mod incidents;
pub mod lambda;
mod moment;
pub mod rds;
pub mod rds_snapshots;
pub mod sdk;
pub mod sns;
pub mod sqs;

pub use cloudwatch::CloudWatch;
pub use dns::Dns;
pub use ecs::Ecs;
pub use events::EventBus;
pub use executions::StateMachine;
pub use incidents::IncidentTable;
pub use lambda::Door;
pub use rds::Rds;
pub use rds_snapshots::RdsSnapshots;
pub use sns::NoticeTopic;
pub use sqs::DeadLetterQueue;
