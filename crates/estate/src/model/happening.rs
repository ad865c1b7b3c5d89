//! What each occurrence of the agenda does.

use jiff::Timestamp;

use super::Estate;
use super::agenda::Occurrence;

impl Estate {
    /// An occurrence's time has come.
    pub(crate) fn happen(&mut self, at: Timestamp, occurrence: Occurrence) {
        match occurrence {
            Occurrence::FailoverBegins { cluster, generation } => {
                self.failover_begins(at, &cluster, generation);
            }
            Occurrence::Promoted { cluster, generation } => self.promoted(at, &cluster, generation),
            Occurrence::Settled { cluster, generation } => self.settled(&cluster, generation),
            Occurrence::EndpointMoves { cluster, generation } => {
                self.endpoint_moves(at, &cluster, generation);
            }
            Occurrence::AwsNotices { cluster, writer } => self.aws_notices(at, &cluster, &writer),
            Occurrence::InstanceReturns { instance, generation } => {
                self.instance_returns(at, &instance, generation);
            }
            Occurrence::StandbyTakesOver { instance, generation } => {
                self.standby_takes_over(at, &instance, generation);
            }
            Occurrence::AddressMoves { instance, generation } => self.address_moves(&instance, generation),
            Occurrence::StatusRestored { cluster, status } => self.status_restored(&cluster, &status),
            Occurrence::Metrics => self.measure(at),
            Occurrence::SnapshotReady { snapshot } => self.snapshot_ready(at, &snapshot),
            Occurrence::ClusterReady { cluster, resource_id, source } => {
                self.cluster_ready(at, &cluster, &resource_id, &source);
            }
            Occurrence::InstanceReady { instance, generation } => {
                self.instance_ready(at, &instance, generation);
            }
            Occurrence::InstanceGone { instance, resource_id } => {
                self.instance_gone(at, &instance, &resource_id);
            }
            Occurrence::ClusterDeletes { cluster, resource_id, snapshot } => {
                self.cluster_deletes(at, &cluster, &resource_id, &snapshot);
            }
            Occurrence::ClusterGone { cluster, resource_id } => self.cluster_gone(at, &cluster, &resource_id),
            Occurrence::TaskRuns { task } => self.task_runs(at, &task),
            Occurrence::TaskFails { task } => self.task_fails(at, &task),
            Occurrence::TaskStopped { task } => self.task_stopped(at, &task),
            Occurrence::ServiceLooks { service } => self.look(at, &service),
            Occurrence::Strikes(number) => self.strike(at, number),
        }
    }
}
