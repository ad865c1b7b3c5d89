//! Answering a request: interference first, then the action, then the log, then the faults that wait for it.

use jiff::Timestamp;

use super::Estate;
use super::agenda::Occurrence;
use super::interference::Verdict;
use super::log::LogEntry;
use super::reply::{Answer, Refusal, Reply};
use super::request::{Call, Request};

/// What an action did: its reply, and the change in words for the log.
pub(crate) type Done = Result<(Reply, Option<String>), Refusal>;

/// The reply of an action that only reads.
#[expect(clippy::unnecessary_wraps, reason = "every action has this shape")]
pub(crate) fn read(reply: Reply) -> Done {
    Ok((reply, None))
}

impl Estate {
    /// Answers a request as of a moment.
    pub fn call(&mut self, now: Timestamp, request: &Request) -> Answer {
        self.catch_up(now);
        let at = self.clock;
        let verdict = self.interfere(at, request);
        let done = match &verdict {
            Verdict::Refuse(refusal) => Err(refusal.clone()),
            Verdict::Pass | Verdict::LoseReply => {
                request.call.clone().and_then(|call| self.perform(at, &request.region, call))
            }
        };
        let (answer, effect) = match done {
            Err(refusal) => (Answer::Refused(refusal), None),
            Ok((_, effect)) if verdict == Verdict::LoseReply => {
                (Answer::Lost, Some(effect.unwrap_or_else(|| "nothing".into()) + " (the reply was lost)"))
            }
            Ok((reply, effect)) => (Answer::Reply(reply), effect),
        };
        let sequence = u64::try_from(self.log.len()).unwrap_or(u64::MAX).saturating_add(1);
        self.log.push(LogEntry::new(at, sequence, request, &answer, effect));
        for (seconds, number) in self.pulled(request) {
            self.plan(at, seconds, Occurrence::Strikes(number));
        }
        self.catch_up(at);
        answer
    }

    fn perform(&mut self, at: Timestamp, region: &str, call: Call) -> Done {
        match call {
            Call::DescribeClusters(select) => self.describe_clusters(region, &select),
            Call::DescribeInstances(select) => self.describe_instances(region, &select),
            Call::FailoverCluster { cluster, target } => {
                self.failover_cluster(at, region, &cluster, target.as_deref())
            }
            Call::RebootInstance { instance, force_failover } => {
                self.reboot_instance(at, region, &instance, force_failover)
            }
            Call::DescribeEvents(select) => self.describe_events(at, region, &select),
            Call::CreateSnapshot { of_cluster, source, snapshot, tags } => {
                self.create_snapshot(at, region, of_cluster, &source, &snapshot, tags)
            }
            Call::CopySnapshot(asked) => self.copy_snapshot(at, region, asked),
            Call::DescribeSnapshots { of_cluster, source, kind, select } => {
                self.describe_snapshots(region, of_cluster, source.as_deref(), kind.as_deref(), &select)
            }
            Call::RestoreCluster(asked) => self.restore_cluster(at, region, *asked),
            Call::CreateInstance(asked) => self.create_instance(at, region, asked),
            Call::DeleteInstance { instance, last } => self.delete_instance(at, region, &instance, &last),
            Call::DeleteCluster { cluster, last } => self.delete_cluster(at, region, &cluster, &last),
            Call::DescribeAccount => read(self.quotas(region)),
            Call::DeleteSnapshot { of_cluster, snapshot } => {
                self.delete_snapshot(region, of_cluster, &snapshot)
            }
            Call::DescribeBlueGreen(select) => self.describe_blue_green(&select),
            Call::DescribeGlobal(select) => match select.identifier {
                Some(name) => Err(Refusal::missing(
                    "GlobalClusterNotFoundFault",
                    format!("Global cluster {name} not found"),
                )),
                None => read(Reply::NoGlobalClusters),
            },
            Call::DescribeEcsClusters(names) => self.describe_ecs_clusters(region, &names),
            Call::ListServices { cluster, page } => self.list_services(region, &cluster, &page),
            Call::DescribeServices { cluster, services, tags } => {
                self.describe_services(region, &cluster, &services, tags)
            }
            Call::UpdateService { cluster, service, force, desired } => {
                self.update_service(at, region, &cluster, &service, force, desired)
            }
            Call::ListTasks { cluster, service, desired_status, page } => {
                self.list_tasks(region, &cluster, service.as_deref(), &desired_status, &page)
            }
            Call::DescribeTasks { cluster, tasks } => self.describe_tasks(region, &cluster, &tasks),
            Call::StopTask { cluster, task, reason } => {
                self.stop_task_by_call(at, region, &cluster, &task, reason)
            }
        }
    }
}
