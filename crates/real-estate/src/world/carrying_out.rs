//! What the model decided, done to servers, endpoints and tasks.

use super::{LOOK_EVERY, OldWriter, PROMOTION, World, name};
use crate::postgres::Health;
use estate::model::{Effect, Health as Modelled, Observation, State};

impl World {
    /// Carries out what the model decided. What fails is logged: the model is not told, just as RDS is not told
    /// why a promotion takes longer.
    pub async fn carry_out(&self, effect: &Effect) {
        let done = match effect {
            Effect::Fence { instance, .. } => self.fence(instance).await,
            Effect::Promote { instance, .. } => self.promote(instance).await,
            Effect::Repoint { instance, source, .. } => self.repoint(instance, source).await,
            Effect::MoveEndpoint { instance, .. } => self.move_endpoint(instance),
            Effect::InstanceReturned { instance, .. } => self.bring_back(&instance.id).await,
            Effect::RunTask { service, task, .. } => self.tasks.start(name(service), task).await,
            Effect::StopTask { task, .. } => {
                self.tasks.stop(task).await;
                Ok(())
            }
            Effect::StartTask { .. } | Effect::Metric(_) | Effect::RdsEvent(_) | Effect::EcsEvent(_) => {
                Ok(())
            }
        };
        if let (Err(why), Effect::RunTask { task, .. }) = (&done, effect) {
            tracing::warn!(task, "the task did not start: {why}");
            self.estate.observe(&Observation::TaskExited { task: task.clone() });
        } else if let Err(why) = done {
            tracing::warn!(?effect, "not carried out: {why}");
            self.failed(format!("{effect:?}: {why}"));
        }
    }

    /// Aurora restarts an old writer that still runs; one that is dead or frozen is left to its restart.
    async fn fence(&self, instance: &str) -> Result<(), String> {
        let answers = matches!(
            self.servers.health(instance).await,
            Health::Writer | Health::Standby | Health::ReadOnly
        );
        match self.old_writer {
            OldWriter::Returns if answers => {
                self.returning().insert(instance.to_owned());
                self.servers.crash(instance).map_err(said)
            }
            OldWriter::Demoted if answers => self.servers.demote(instance).await.map_err(said),
            OldWriter::Returns | OldWriter::Demoted | OldWriter::Stays => Ok(()),
        }
    }

    async fn promote(&self, instance: &str) -> Result<(), String> {
        if self.synchronous
            && let Err(error) = self.servers.catch_up(instance).await
        {
            tracing::warn!(instance, %error, "promoted without what another standby may have confirmed");
        }
        self.servers.promote(instance).await.map_err(said)
    }

    async fn repoint(&self, instance: &str, source: &str) -> Result<(), String> {
        // The new one may still be at its promotion.
        let since = tokio::time::Instant::now();
        while self.servers.health(source).await != Health::Writer && since.elapsed() < PROMOTION {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        if health(&self.estate.state(), instance) == Some(Modelled::Restarting) {
            // The old writer: it follows when it comes back.
            return Ok(());
        }
        // A standby that does not answer at once may only be busy.
        let since = tokio::time::Instant::now();
        loop {
            match self.servers.health(instance).await {
                Health::Standby => break,
                Health::Frozen if since.elapsed() < PROMOTION => tokio::time::sleep(LOOK_EVERY).await,
                Health::Frozen => return Err(format!("{instance} does not answer")),
                Health::Writer | Health::ReadOnly | Health::Dead => return Ok(()),
            }
        }
        // What it does while it turns is our own doing, and nobody's outage.
        self.returning().insert(instance.to_owned());
        let way = self.servers.repoint(instance, source).await.map_err(said);
        self.returning().remove(instance);
        tracing::info!(instance, source, way = ?way?, "follows");
        Ok(())
    }

    fn move_endpoint(&self, instance: &str) -> Result<(), String> {
        let address = self.servers.address(instance).ok_or_else(|| format!("no server {instance}"))?;
        self.lead_to(address);
        let state = self.estate.state();
        let reader = self.cluster_of(&state).and_then(|cluster| {
            let readers = || cluster.members.iter().filter(|id| **id != instance && **id != cluster.writer);
            // One that seems silent for a moment is still better than the writer.
            let fit =
                |wanted: fn(Modelled) -> bool| readers().find(|id| health(&state, id).is_some_and(wanted));
            fit(|it| it == Modelled::Serving).or_else(|| fit(|it| it != Modelled::Restarting))
        });
        if let Some(reader) = reader.and_then(|id| self.servers.address(id)) {
            self.reader_endpoint.lead_to(reader);
        }
        Ok(())
    }

    async fn bring_back(&self, instance: &str) -> Result<(), String> {
        if self.old_writer != OldWriter::Returns {
            return Ok(());
        }
        let writer = self.cluster_of(&self.estate.state()).map(|cluster| cluster.writer.clone());
        let Some(writer) = writer else { return Ok(()) };
        self.returning().insert(instance.to_owned());
        let done = if writer == instance {
            // The writer was restarted, and is the writer still.
            self.servers.restart(instance).await.map_err(said)
        } else {
            self.servers.rejoin(instance, &writer).await.map_err(said).map(|way| {
                tracing::info!(instance, writer, ?way, "came back");
            })
        };
        self.returning().remove(instance);
        done
    }
}

/// How an instance is, as the model has it.
fn health(state: &State, instance: &str) -> Option<Modelled> {
    state.instances.iter().find(|i| i.key.id == instance).map(|i| i.health)
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}
